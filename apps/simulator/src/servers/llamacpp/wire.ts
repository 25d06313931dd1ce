import { STATUS_CODES } from 'node:http';
import type { After, Exchange, FlatHeaders } from '../../http/exchange.ts';

const JSON_UTF8 = 'application/json; charset=utf-8';
const MAX_REQUESTS_PER_CONNECTION = 100;

function opening(exchange: Exchange): FlatHeaders {
  const { origin } = exchange.headers;
  const credentials = origin === undefined ? [] : ['Access-Control-Allow-Credentials', 'true'];
  return ['Server', 'llama.cpp', 'Access-Control-Allow-Origin', origin ?? '', ...credentials];
}

function isLast(exchange: Exchange): boolean {
  return exchange.wantsClose || exchange.onConnection >= MAX_REQUESTS_PER_CONNECTION;
}

export function sendJson(exchange: Exchange, value: unknown): void {
  send(exchange, 200, JSON_UTF8, JSON.stringify(value));
}

export function send(
  exchange: Exchange,
  status: number,
  contentType: string,
  body: string,
  extra: FlatHeaders = [],
): void {
  const last = isLast(exchange);
  const keep = last ? ['Connection', 'close'] : ['Keep-Alive', 'timeout=5, max=100'];
  const ranges = exchange.method === 'HEAD' ? ['Accept-Ranges', 'bytes'] : [];
  const headers = [
    ...opening(exchange),
    ...extra,
    'Content-Type',
    contentType,
    'Content-Length',
    String(Buffer.byteLength(body)),
    ...keep,
    ...ranges,
  ];
  exchange.respond(status, STATUS_CODES[status] ?? '', headers, body, last ? 'close' : 'keep');
}

export interface LlamaError {
  readonly code: number;
  readonly message: string;
  readonly type: string;
  readonly [detail: string]: unknown;
}

/** The head of an error says that the connection closes; it stays for the usual 5 s all the same. */
export function sendError(exchange: Exchange, error: LlamaError, after: After = 'keep'): void {
  const body = JSON.stringify({ error });
  const headers = [
    ...opening(exchange),
    'Content-Type',
    JSON_UTF8,
    'Content-Length',
    String(Buffer.byteLength(body)),
    'Connection',
    'close',
  ];
  exchange.respond(
    error.code,
    STATUS_CODES[error.code] ?? '',
    headers,
    body,
    exchange.wantsClose ? 'close' : after,
  );
}

/** Errors met before a handler have their keys in another order. */
export function earlyError(code: number, message: string, type: string): LlamaError {
  return { message, type, code };
}

/** The head goes out at once, however long the first token takes. */
export function startStream(exchange: Exchange): void {
  const keep = isLast(exchange) ? ['Connection', 'close'] : ['Keep-Alive', 'timeout=5, max=100'];
  const headers = [
    ...opening(exchange),
    'X-Accel-Buffering',
    'no',
    'Content-Type',
    'text/event-stream',
    'Transfer-Encoding',
    'chunked',
    ...keep,
  ];
  exchange.start(200, 'OK', headers, true);
}

/** After a stream the connection is closed, although its head said otherwise. */
export function endStream(exchange: Exchange): void {
  exchange.end('close');
}

export function respondPreflight(exchange: Exchange): void {
  const headers = [
    ...opening(exchange),
    ...['Access-Control-Allow-Methods', 'GET, POST, DELETE, OPTIONS'],
    ...['Access-Control-Allow-Headers', '*'],
    ...['Content-Type', 'text/html'],
    ...['Keep-Alive', 'timeout=5, max=100'],
    ...['Content-Length', '0'],
  ];
  exchange.respond(200, 'OK', headers, '');
}
