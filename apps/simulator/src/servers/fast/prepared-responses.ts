/** Whole responses and parts of streams as bytes, ready to be written to a socket. */
export interface PreparedResponses {
  readonly health: Buffer;
  readonly models: Buffer;
  /** A whole chat completion. */
  readonly completion: Buffer;
  readonly streamHead: Buffer;
  readonly streamChunk: Buffer;
  readonly streamEnd: Buffer;
}

/** `bodyBytes` is the size of the whole completion's body. */
export function prepareResponses(models: readonly string[], bodyBytes: number): PreparedResponses {
  const model = models[0] ?? 'fast';
  const created = Math.floor(Date.now() / 1000);
  const chunk = {
    id: 'chatcmpl-fast',
    object: 'chat.completion.chunk',
    created,
    model,
    choices: [{ index: 0, delta: { content: ' word' }, finish_reason: null }],
  };
  const list = {
    object: 'list',
    data: models.map((id) => ({ id, object: 'model', created, owned_by: 'fast' })),
  };
  return {
    health: jsonResponse('{"status":"ok"}'),
    models: jsonResponse(JSON.stringify(list)),
    completion: jsonResponse(paddedCompletion(model, created, bodyBytes)),
    streamHead: Buffer.from(
      'HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nCache-Control: no-cache\r\nTransfer-Encoding: chunked\r\n\r\n',
    ),
    streamChunk: Buffer.from(eventChunk(JSON.stringify(chunk))),
    streamEnd: Buffer.from(`${eventChunk('[DONE]')}0\r\n\r\n`),
  };
}

function jsonResponse(body: string): Buffer {
  const length = Buffer.byteLength(body);
  return Buffer.from(
    `HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: ${length}\r\n\r\n${body}`,
  );
}

/** One SSE event in one HTTP chunk. */
function eventChunk(data: string): string {
  const text = `data: ${data}\n\n`;
  return `${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`;
}

/** A chat completion of `bytes` bytes, or of its least size when that is larger. */
function paddedCompletion(model: string, created: number, bytes: number): string {
  const withContent = (content: string): string =>
    JSON.stringify({
      id: 'chatcmpl-fast',
      object: 'chat.completion',
      created,
      model,
      choices: [{ index: 0, message: { role: 'assistant', content }, finish_reason: 'stop' }],
      usage: { prompt_tokens: 16, completion_tokens: 64, total_tokens: 80 },
    });
  return withContent('x'.repeat(Math.max(0, bytes - withContent('').length)));
}
