/**
 * What goes over the wire in every workload. The model's name tells the backend what to answer, because it is the
 * one part of a request that every gateway passes on.
 */

export const JSON_MODEL = 'bench-json';
export const UPLOAD_MODEL = 'bench-upload';
export const JSON_BYTES = 1024;
export const UPLOAD_BYTES = 1024 * 1024;
export const EVENT_BYTES = 200;
/** The last event of a stream. */
export const STREAM_END = 'data: [DONE]\n\n';

/** How a stream is paced: `events` of EVENT_BYTES each, `intervalMs` apart, the first at once. */
export interface StreamShape {
  readonly events: number;
  readonly intervalMs: number;
}

export function streamModel(shape: StreamShape): string {
  return `bench-sse-${shape.events}-${shape.intervalMs}`;
}

/** The shape that a model's name asks for; undefined for a model that does not stream. */
export function streamShapeOf(model: string): StreamShape | undefined {
  const match = /^bench-sse-(\d{1,6})-(\d{1,6})$/.exec(model);
  if (match === null) return undefined;
  return { events: Number(match[1]), intervalMs: Number(match[2]) };
}

/** Length of a whole stream's body. */
export function streamBytes(shape: StreamShape): number {
  return shape.events * EVENT_BYTES + STREAM_END.length;
}

/** A chat request of exactly `bytes` bytes. */
export function chatRequestBody(model: string, bytes: number, stream: boolean): Buffer {
  const head = `{"model":"${model}","stream":${String(stream)},"max_tokens":64,"messages":[{"role":"user","content":"`;
  return filled(head, '"}]}', bytes);
}

/** The 1 KiB answer of JSON_MODEL, shaped like an OpenAI chat completion. */
export const JSON_ANSWER = filled(
  `{"id":"chatcmpl-bench","object":"chat.completion","created":1700000000,"model":"${JSON_MODEL}",` +
    '"usage":{"prompt_tokens":200,"completion_tokens":64,"total_tokens":264},' +
    '"choices":[{"index":0,"finish_reason":"stop","message":{"role":"assistant","content":"',
  '"}}]}',
  JSON_BYTES,
);

/** What UPLOAD_MODEL answers: the length that arrived, so that lost bytes show at the client. */
export function uploadAnswer(receivedBytes: number): Buffer {
  return Buffer.from(`{"object":"bench.upload","received":${receivedBytes}}`);
}

/** One event of a stream, EVENT_BYTES long. */
export const STREAM_EVENT = filled(
  'data: {"id":"chatcmpl-bench","object":"chat.completion.chunk","created":1700000000,"model":"bench",' +
    '"choices":[{"index":0,"delta":{"content":"',
  '"}}]}\n\n',
  EVENT_BYTES,
);

function filled(head: string, tail: string, bytes: number): Buffer {
  const space = bytes - head.length - tail.length;
  if (space < 0) throw new RangeError(`${bytes} bytes cannot hold this payload`);
  return Buffer.from(head + 'token '.repeat(Math.ceil(space / 6)).slice(0, space) + tail);
}
