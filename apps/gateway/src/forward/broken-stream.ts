import { errorBody, type ErrorCode } from '@olla/core/errors';

export type StreamFormat = 'sse' | 'ndjson' | 'opaque';

/** How the body of a response is framed, by its Content-Type. */
export function streamFormat(contentType: string | undefined): StreamFormat {
  if (contentType === undefined) return 'opaque';
  if (contentType.startsWith('text/event-stream')) return 'sse';
  if (contentType.startsWith('application/x-ndjson') || contentType.startsWith('application/jsonl'))
    return 'ndjson';
  return 'opaque';
}

/**
 * What a client still gets when the backend breaks off inside a stream: an error in the stream's own protocol. Empty
 * where the format has no place for one.
 *
 * @param lastByte of what was relayed, so that the error does not become part of a half line
 */
export function streamErrorEvent(
  format: StreamFormat,
  code: ErrorCode,
  message: string,
  lastByte: number,
): string {
  const atLineStart = lastByte === 0x0a || lastByte === -1;
  if (format === 'sse')
    return `${atLineStart ? '' : '\n'}\nevent: error\ndata: ${errorBody(code, message)}\n\n`;
  if (format === 'ndjson') return `${atLineStart ? '' : '\n'}${ndjsonError(code, message)}\n`;
  return '';
}

/** Ollama's clients read `error` as a string, and take its presence for the failure. */
function ndjsonError(_code: ErrorCode, message: string): string {
  return JSON.stringify({ error: message });
}
