export type StreamFormat = 'sse' | 'ndjson' | 'opaque';

/** How the body of a response is framed, by its Content-Type. */
export function streamFormat(contentType: string | undefined): StreamFormat {
  if (contentType === undefined) return 'opaque';
  if (contentType.startsWith('text/event-stream')) return 'sse';
  if (contentType.startsWith('application/x-ndjson') || contentType.startsWith('application/jsonl'))
    return 'ndjson';
  return 'opaque';
}
