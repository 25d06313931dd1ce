/**
 * The bodies that all workloads send. The model's name selects the backend's response, because it is the one part of a
 * request that every gateway passes on.
 */

export const JSON_MODEL = 'bench-json';
export const UPLOAD_MODEL = 'bench-upload';
export const JSON_BYTES = 1024;
export const UPLOAD_BYTES = 1024 * 1024;
export const EVENT_BYTES = 200;
/** The last event of a stream. */
export const STREAM_END = 'data: [DONE]\n\n';

/** A stream of `events` events of EVENT_BYTES each, `intervalMs` apart. The first event is sent at once. */
export interface StreamShape {
  readonly events: number;
  readonly intervalMs: number;
}

export function streamModel(shape: StreamShape): string {
  return `bench-sse-${shape.events}-${shape.intervalMs}`;
}

/** The shape in a model's name. Undefined for a model that does not stream. */
export function parseStreamModel(model: string): StreamShape | undefined {
  const match = /^bench-sse-(\d{1,6})-(\d{1,6})$/.exec(model);
  if (match === null) return undefined;
  return { events: Number(match[1]), intervalMs: Number(match[2]) };
}

/** Body bytes of a whole stream. */
export function streamBytes(shape: StreamShape): number {
  return shape.events * EVENT_BYTES + STREAM_END.length;
}

/** The body of a chat request, exactly `bytes` bytes long. */
export function chatRequestBody(model: string, bytes: number, stream: boolean): Buffer {
  const head = `{"model":"${model}","stream":${String(stream)},"max_tokens":64,"messages":[{"role":"user","content":"`;
  return pad(head, '"}]}', bytes);
}

/** The 1 KiB response of JSON_MODEL, an OpenAI chat completion. */
export const CHAT_COMPLETION = pad(
  `{"id":"chatcmpl-bench","object":"chat.completion","created":1700000000,"model":"${JSON_MODEL}",` +
    '"usage":{"prompt_tokens":200,"completion_tokens":64,"total_tokens":264},' +
    '"choices":[{"index":0,"finish_reason":"stop","message":{"role":"assistant","content":"',
  '"}}]}',
  JSON_BYTES,
);

/** The response of UPLOAD_MODEL. It holds the number of bytes received, so that the client notices lost bytes. */
export function uploadReceipt(receivedBytes: number): Buffer {
  return Buffer.from(`{"object":"bench.upload","received":${receivedBytes}}`);
}

/** One event of a stream, EVENT_BYTES long. */
export const STREAM_EVENT = pad(
  'data: {"id":"chatcmpl-bench","object":"chat.completion.chunk","created":1700000000,"model":"bench",' +
    '"choices":[{"index":0,"delta":{"content":"',
  '"}}]}\n\n',
  EVENT_BYTES,
);

function pad(head: string, tail: string, bytes: number): Buffer {
  const space = bytes - head.length - tail.length;
  if (space < 0) throw new RangeError(`${bytes} bytes cannot hold this payload`);
  return Buffer.from(head + 'token '.repeat(Math.ceil(space / 6)).slice(0, space) + tail);
}
