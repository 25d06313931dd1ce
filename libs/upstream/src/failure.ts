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

/** Code of an error of node, of a TLS handshake or of ours; `UNKNOWN` where it has none. */
export function errorCode(cause: unknown): string {
  if (typeof cause === 'object' && cause !== null) {
    if ('code' in cause && typeof cause.code === 'string') return cause.code;
    // Happy eyeballs wraps the refusals of all addresses into one AggregateError.
    if (cause instanceof AggregateError && cause.errors.length > 0) return errorCode(cause.errors[0]);
  }
  return 'UNKNOWN';
}

/**
 * What the error of a connection means for the attempt that it carried.
 *
 * @param connected a connection was there when it happened
 * @param headSeen the head of the answer had come
 */
export function classifyFailure(code: string, connected: boolean, headSeen: boolean): FailureKind {
  if (code === 'HEAD_TIMEOUT') return 'head_timeout';
  if (code === 'READ_TIMEOUT') return 'body_timeout';
  if (headSeen) return 'truncated';
  return !connected || CONNECT_CODES.has(code) ? 'connect' : 'reset';
}
