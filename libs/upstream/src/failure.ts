import type { FailureKind } from './upstream.ts';

const CONNECT_CODES = new Set([
  'CONNECT_TIMEOUT',
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

/** The code of an error of Node, of a TLS handshake or of this library; `UNKNOWN` where it has none. */
export function errorCode(cause: unknown): string {
  if (typeof cause === 'object' && cause !== null) {
    if ('code' in cause && typeof cause.code === 'string') return cause.code;
    // Node puts the errors of all addresses of a name into one AggregateError (happy eyeballs, RFC 8305).
    if (cause instanceof AggregateError && cause.errors.length > 0) return errorCode(cause.errors[0]);
  }
  return 'UNKNOWN';
}

/**
 * The kind of failure with which an attempt ends when its connection has this error.
 *
 * @param connected whether the connection was established before the error
 * @param headSeen whether the head of the response had arrived
 */
export function classifyFailure(code: string, connected: boolean, headSeen: boolean): FailureKind {
  if (code === 'HEAD_TIMEOUT') return 'head_timeout';
  if (code === 'READ_TIMEOUT') return 'body_timeout';
  if (headSeen) return 'truncated';
  return !connected || CONNECT_CODES.has(code) ? 'connect' : 'reset';
}
