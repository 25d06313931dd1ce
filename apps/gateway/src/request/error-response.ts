import { errorBody, ERRORS, type ErrorCode, type OllaError } from '@olla/core/errors';
import { KNOWN_CODINGS } from './content-codings.ts';

/** An error as HTTP. */
export interface ErrorResponse {
  readonly status: number;
  /** Flat, without headers of framing. */
  readonly headers: readonly string[];
  readonly body: string;
}

/** The form of an error's body: the contract's, or that of the client's API. */
export type ErrorForm = 'contract' | 'ollama-api';

/** Clients of Ollama's own API read `error` as a text; an object becomes `[object Object]` in its JavaScript SDK. */
export function errorFormOf(path: string): ErrorForm {
  return OLLAMA_API.test(path) ? 'ollama-api' : 'contract';
}

/** An escaped slash and a backslash separate segments here as in the routes. */
const OLLAMA_API = /^\/olla\/ollama\/api(?:[/\\]|%2f|%5c|$)/i;

/** The one place where an error becomes HTTP: for the path of a request, the admin API and the parser. */
export function errorResponse(
  { code, message, retryAfterS, allow }: OllaError,
  form: ErrorForm = 'contract',
): ErrorResponse {
  const headers = [...EVERY_ERROR, ...(BY_CODE[code] ?? [])];
  if (retryAfterS !== undefined) headers.push('Retry-After', String(Math.max(1, Math.ceil(retryAfterS))));
  if (allow !== undefined) headers.push('Allow', allow.join(', '));
  const { status } = ERRORS[code];
  if (form === 'contract') return { status, headers, body: errorBody(code, message) };
  headers.push('X-Olla-Error-Code', code);
  return { status, headers, body: JSON.stringify({ error: message }) };
}

/**
 * Caches may store a 404 or 405 that does not forbid it (RFC 9111 §4.2.2), and a missing resource can appear any
 * moment.
 */
const EVERY_ERROR = ['Content-Type', 'application/json', 'Cache-Control', 'no-store'];

/**
 * RFC 9110 §11.6.1: a 401 names the scheme that it requires; §15.5.16: a 415 names the codings that it would accept.
 */
const BY_CODE: Partial<Record<ErrorCode, readonly string[]>> = {
  UNAUTHORIZED: ['WWW-Authenticate', 'Bearer realm="olla"'],
  UNSUPPORTED_ENCODING: ['Accept-Encoding', KNOWN_CODINGS.join(', ')],
};
