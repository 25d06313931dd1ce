import { STATUS_CODES } from 'node:http';
import type { Exchange } from '../../http/exchange.ts';

export const JSON_UTF8 = 'application/json; charset=utf-8';
export const JSON_PLAIN = 'application/json';

/** Go's net/http buffers this much; a longer body whose length was not given goes out chunked. */
const GO_BUFFER_BYTES = 2048;

const cors = new WeakMap<Exchange, readonly string[]>();

/** Headers of an allowed cross-origin request, which Go puts in alphabetical order before the others. */
export function allowOrigin(exchange: Exchange, origin: string): void {
  cors.set(exchange, ['Access-Control-Allow-Origin', origin]);
}

export function send(exchange: Exchange, status: number, contentType: string, body: string): void {
  const bytes = Buffer.byteLength(body);
  const allowed = cors.get(exchange) ?? [];
  const vary = allowed.length > 0 ? ['Vary', 'Origin'] : [];
  const head = [...allowed, 'Content-Type', contentType, ...vary, 'Date', new Date().toUTCString()];
  const close = exchange.wantsClose ? ['Connection', 'close'] : [];
  const after = exchange.wantsClose ? 'close' : 'keep';
  const reason = STATUS_CODES[status] ?? '';
  if (bytes <= GO_BUFFER_BYTES) {
    exchange.respond(status, reason, [...head, 'Content-Length', String(bytes), ...close], body, after);
    return;
  }
  exchange.start(status, reason, [...head, ...close, 'Transfer-Encoding', 'chunked']);
  exchange.write(body);
  exchange.end(after);
}

export function sendJson(exchange: Exchange, status: number, value: unknown, contentType = JSON_UTF8): void {
  send(exchange, status, contentType, goJson(value));
}

/** Go's encoder escapes these three for the sake of HTML. */
export function goJson(value: unknown): string {
  return JSON.stringify(value).replace(
    /[<>&]/g,
    (mark) => `\\u${mark.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

export function startStream(exchange: Exchange, contentType: string, extra: readonly string[] = []): void {
  const allowed = cors.get(exchange) ?? [];
  const vary = allowed.length > 0 ? ['Vary', 'Origin'] : [];
  exchange.start(200, 'OK', [
    ...allowed,
    ...extra,
    'Content-Type',
    contentType,
    ...vary,
    'Date',
    new Date().toUTCString(),
    'Transfer-Encoding',
    'chunked',
  ]);
}

/** An RFC 3339 time with nanoseconds, trailing zeros off, as Go prints it. */
export function goTime(atMs: number): string {
  const nanos = `${String(Math.floor((atMs % 1000) * 1e6)).padStart(9, '0')}`.replace(/0+$/, '');
  return `${new Date(atMs).toISOString().slice(0, 19)}${nanos === '' ? '' : `.${nanos}`}Z`;
}

/** Now, with a fraction of a millisecond. */
export function preciseNow(): number {
  return performance.timeOrigin + performance.now();
}
