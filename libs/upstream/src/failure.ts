import type { FailureKind } from './upstream.ts';

const CONNECT_CODES = new Set([
  'UND_ERR_CONNECT_TIMEOUT',
  'ECONNREFUSED',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EHOSTDOWN',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EADDRNOTAVAIL',
  'EMFILE',
  'ENFILE',
]);

/** Code of an error thrown by undici, node or a TLS handshake; `UNKNOWN` where it has none. */
export function errorCode(cause: unknown): string {
  if (typeof cause === 'object' && cause !== null) {
    if ('code' in cause && typeof cause.code === 'string') return cause.code;
    // Happy eyeballs wraps the refusals of all addresses into one AggregateError.
    if (cause instanceof AggregateError && cause.errors.length > 0) return errorCode(cause.errors[0]);
  }
  return 'UNKNOWN';
}

/**
 * What an error of the client library means for the attempt.
 *
 * @param connected a connection was there when it happened
 * @param headSeen the head of the answer had come
 */
export function classifyFailure(code: string, connected: boolean, headSeen: boolean): FailureKind {
  if (code === 'UND_ERR_HEADERS_TIMEOUT') return 'head_timeout';
  if (code === 'UND_ERR_BODY_TIMEOUT') return 'body_timeout';
  if (code === 'UND_ERR_INVALID_ARG' || code === 'UND_ERR_REQ_CONTENT_LENGTH_MISMATCH') return 'request';
  if (headSeen) return code.startsWith('HPE_') ? 'protocol' : 'truncated';
  if (!connected || CONNECT_CODES.has(code)) return 'connect';
  if (code.startsWith('HPE_') || code === 'UND_ERR_HEADERS_OVERFLOW') return 'protocol';
  return 'reset';
}
