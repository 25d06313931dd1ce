import type { Exchange, FlatHeaders } from '../../http/exchange.ts';

export const JSON_UTF8 = 'application/json; charset=utf-8';
export const JSON_PLAIN = 'application/json';

/** Go's net/http buffers this much and then knows the length. A longer body is sent chunked. */
const GO_BUFFER_BYTES = 2048;

const corsHeaders = new WeakMap<Exchange, FlatHeaders>();

/** Adds the header of an allowed cross-origin request. Gin writes it before the others. */
export function allowOrigin(exchange: Exchange, origin: string): void {
  corsHeaders.set(exchange, ['Access-Control-Allow-Origin', origin]);
}

export function send(exchange: Exchange, status: number, contentType: string, body: string): void {
  const bytes = Buffer.byteLength(body);
  const head = startHeaders(exchange, contentType);
  const close = exchange.clientCloses ? ['Connection', 'close'] : [];
  const after = exchange.clientCloses ? 'close' : 'keep';
  if (bytes <= GO_BUFFER_BYTES) {
    const headers = [...head, 'Content-Length', String(bytes), ...close];
    exchange.respond({ status, headers, body, after });
    return;
  }
  exchange.writeHead({ status, headers: [...head, ...close, 'Transfer-Encoding', 'chunked'] });
  exchange.writeChunk(body);
  exchange.end(after);
}

export function sendJson(exchange: Exchange, status: number, value: unknown, contentType = JSON_UTF8): void {
  send(exchange, status, contentType, goJson(value));
}

/** Sends a response without a body, as Gin's `c.Status(200)` does. */
export function sendEmpty(exchange: Exchange): void {
  const headers = ['Date', new Date().toUTCString(), 'Content-Length', '0'];
  exchange.respond({ status: 200, headers, body: '' });
}

export function startStream(exchange: Exchange, contentType: string, extra: FlatHeaders = []): void {
  const headers = [...startHeaders(exchange, contentType, extra), 'Transfer-Encoding', 'chunked'];
  exchange.writeHead({ status: 200, headers });
}

/** The head of the event streams of the Anthropic and Responses APIs. */
export function startEventStream(exchange: Exchange): void {
  startStream(exchange, 'text/event-stream', ['Cache-Control', 'no-cache', 'Connection', 'keep-alive']);
}

/** Go's net/http writes headers in alphabetical order. */
function startHeaders(exchange: Exchange, contentType: string, extra: FlatHeaders = []): FlatHeaders {
  const cors = corsHeaders.get(exchange) ?? [];
  const vary = cors.length > 0 ? ['Vary', 'Origin'] : [];
  return [...cors, ...extra, 'Content-Type', contentType, ...vary, 'Date', new Date().toUTCString()];
}

/** Go's JSON encoder escapes these three characters so that the text is safe inside HTML. */
export function goJson(value: unknown): string {
  return JSON.stringify(value).replace(
    /[<>&]/g,
    (mark) => `\\u${mark.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** An RFC 3339 time with nanoseconds and without trailing zeros, as Go prints it. */
export function goTime(atMs: number): string {
  const nanos = `${String(Math.floor((atMs % 1000) * 1e6)).padStart(9, '0')}`.replace(/0+$/, '');
  return `${new Date(atMs).toISOString().slice(0, 19)}${nanos === '' ? '' : `.${nanos}`}Z`;
}

/** The current time in milliseconds since the epoch, with a fraction. */
export function preciseNow(): number {
  return performance.timeOrigin + performance.now();
}
