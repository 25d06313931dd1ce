import { errorBody, ERRORS, OllaError } from '@olla/core/errors';
import type { Exchange } from './exchange.ts';

/** The trailer's form: whole milliseconds. */
export function responseTime(exchange: Exchange): string {
  return `${Math.round(exchange.elapsedMs())}ms`;
}

/** Sends an answer that is known before its head: framed by its length, the response time as a header. */
export function respond(
  exchange: Exchange,
  status: number,
  headers: readonly string[],
  body: string | Buffer,
): void {
  const { response, baseHeaders } = exchange;
  if (response.headersSent || response.destroyed) return;
  const length = typeof body === 'string' ? Buffer.byteLength(body) : body.length;
  const bodiless = status === 204 || status === 304;
  response.writeHead(status, [
    ...baseHeaders,
    ...headers,
    ...(bodiless ? [] : ['Content-Length', String(length)]),
    'X-Olla-Response-Time',
    responseTime(exchange),
  ]);
  exchange.firstByteAt ??= exchange.startedAt + exchange.elapsedMs();
  if (exchange.method === 'HEAD' || bodiless) response.end();
  else {
    exchange.bytesOut += length;
    response.end(body);
  }
}

export function respondJson(
  exchange: Exchange,
  status: number,
  body: unknown,
  headers: readonly string[] = [],
): void {
  respond(exchange, status, ['Content-Type', 'application/json', ...headers], JSON.stringify(body));
}

/** The one place where an error becomes an answer. */
export function respondError(exchange: Exchange, error: OllaError, headers: readonly string[] = []): void {
  exchange.error = error.code;
  const retry =
    error.retryAfterS === undefined ? [] : ['Retry-After', String(Math.max(1, Math.ceil(error.retryAfterS)))];
  respond(
    exchange,
    ERRORS[error.code].status,
    ['Content-Type', 'application/json', ...retry, ...headers],
    errorBody(error.code, error.message),
  );
}

/** Whatever was thrown, as an error that has an answer. What is not meant for clients stays in `cause`. */
export function toOllaError(thrown: unknown, requestId: string): OllaError {
  if (thrown instanceof OllaError) return thrown;
  return new OllaError(
    'INTERNAL',
    `the gateway failed on this request. Its log has the details under the id ${requestId}`,
    { cause: thrown },
  );
}
