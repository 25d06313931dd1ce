import type { AfterResponse, Exchange, FlatHeaders } from '../../http/exchange.ts';

const JSON_UTF8 = 'application/json; charset=utf-8';
const KEEP_ALIVE = ['Keep-Alive', 'timeout=5, max=100'];
/** cpp-httplib closes a connection after this many requests. */
const MAX_REQUESTS_PER_CONNECTION = 100;

function firstHeaders(exchange: Exchange): FlatHeaders {
  const { origin } = exchange.headers;
  const credentials = origin === undefined ? [] : ['Access-Control-Allow-Credentials', 'true'];
  return ['Server', 'llama.cpp', 'Access-Control-Allow-Origin', origin ?? '', ...credentials];
}

function isLast(exchange: Exchange): boolean {
  return exchange.clientCloses || exchange.onConnection >= MAX_REQUESTS_PER_CONNECTION;
}

export function sendJson(exchange: Exchange, value: unknown): void {
  send(exchange, { contentType: JSON_UTF8, body: JSON.stringify(value) });
}

export interface LlamaResponse {
  readonly contentType: string;
  readonly body: string;
  readonly extraHeaders?: FlatHeaders;
}

/** Sends a 200. */
export function send(exchange: Exchange, { contentType, body, extraHeaders = [] }: LlamaResponse): void {
  const last = isLast(exchange);
  const headers = [
    ...firstHeaders(exchange),
    ...extraHeaders,
    ...['Content-Type', contentType],
    ...['Content-Length', String(Buffer.byteLength(body))],
    ...(last ? ['Connection', 'close'] : KEEP_ALIVE),
    ...(exchange.method === 'HEAD' ? ['Accept-Ranges', 'bytes'] : []),
  ];
  exchange.respond({ status: 200, headers, body, after: last ? 'close' : 'keep' });
}

export interface LlamaError {
  readonly code: number;
  readonly message: string;
  readonly type: string;
  readonly [detail: string]: unknown;
}

/** The head of an error says `Connection: close`, but llama.cpp keeps the connection open for the usual 5 s. */
export function sendError(exchange: Exchange, error: LlamaError, after: AfterResponse = 'keep'): void {
  const body = JSON.stringify({ error });
  const headers = [
    ...firstHeaders(exchange),
    ...['Content-Type', JSON_UTF8],
    ...['Content-Length', String(Buffer.byteLength(body))],
    ...['Connection', 'close'],
  ];
  exchange.respond({ status: error.code, headers, body, after: exchange.clientCloses ? 'close' : after });
}

/** An error found before a handler runs has its keys in this order. */
export function earlyError(code: number, message: string, type: string): LlamaError {
  return { message, type, code };
}

/** Sends the head at once, however long the first token takes. */
export function startStream(exchange: Exchange): void {
  const headers = [
    ...firstHeaders(exchange),
    ...['X-Accel-Buffering', 'no'],
    ...['Content-Type', 'text/event-stream'],
    ...['Transfer-Encoding', 'chunked'],
    ...(isLast(exchange) ? ['Connection', 'close'] : KEEP_ALIVE),
  ];
  exchange.writeHead({ status: 200, headers }, true);
}

/** llama.cpp closes the connection after a stream, although the head announced keep-alive. */
export function endStream(exchange: Exchange): void {
  exchange.end('close');
}

export function respondPreflight(exchange: Exchange): void {
  const headers = [
    ...firstHeaders(exchange),
    ...['Access-Control-Allow-Methods', 'GET, POST, DELETE, OPTIONS'],
    ...['Access-Control-Allow-Headers', '*'],
    ...['Content-Type', 'text/html'],
    ...KEEP_ALIVE,
    ...['Content-Length', '0'],
  ];
  exchange.respond({ status: 200, headers, body: '' });
}
