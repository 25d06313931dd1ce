import { OllaError, type ErrorCode } from '@olla/core/errors';
import type { FailureKind, UpstreamFailure } from '@olla/upstream/upstream';

/** The error of the client for a failure of an endpoint: its code, and its text behind the endpoint's name. */
interface FailureText {
  readonly code: ErrorCode;
  readonly text: (failureCode: string) => string;
}

const BEFORE_THE_HEAD: Readonly<Record<FailureKind, FailureText>> = {
  connect: { code: 'BACKEND_ERROR', text: (code) => `cannot be reached (${code})` },
  reset: { code: 'BACKEND_ERROR', text: (code) => `closed the connection before it answered (${code})` },
  truncated: { code: 'BACKEND_ERROR', text: (code) => `closed the connection before it answered (${code})` },
  protocol: { code: 'BACKEND_ERROR', text: (code) => `sent a response that is not valid HTTP (${code})` },
  head_timeout: {
    code: 'BACKEND_TIMEOUT',
    text: () => 'sent no response within proxy.response_header_timeout',
  },
  body_timeout: { code: 'BACKEND_TIMEOUT', text: () => 'was silent for longer than proxy.read_timeout' },
  total_timeout: { code: 'BACKEND_TIMEOUT', text: () => 'took longer than proxy.response_timeout' },
  request: { code: 'BAD_REQUEST', text: () => '' },
};

export interface FailedAttempt {
  readonly endpoint: string;
  readonly failure: UpstreamFailure;
  /** Endpoints that were tried, this one included. */
  readonly tried: number;
  /** Of the route, such as `/olla/vllm`. */
  readonly routeLabel: string;
}

/** The error for the client if no endpoint answered. */
export function failureError({ endpoint, failure, tried, routeLabel }: FailedAttempt): OllaError {
  const { kind, code: failureCode, cause } = failure;
  // The request's own body was wrong: too large, or broken off by the client.
  if (kind === 'request' && cause instanceof OllaError) return cause;
  if (kind === 'request')
    return new OllaError('BAD_REQUEST', 'the request has content that HTTP does not allow to pass on', {
      cause,
    });
  const { code, text } = BEFORE_THE_HEAD[kind];
  const others = tried > 1 ? `, the last of ${tried} endpoints that were tried` : '';
  const next = kind === 'connect' ? `. GET /internal/status shows the state of ${routeLabel}` : '';
  return new OllaError(code, `endpoint ${endpoint}${others} ${text(failureCode)}${next}`, { cause });
}

/** The same for a response that broke off after its head, for the error inside the stream. */
export function brokenError(
  endpoint: string,
  { kind, code: failureCode, cause }: UpstreamFailure,
): OllaError {
  const isTimeout = kind === 'body_timeout' || kind === 'total_timeout';
  const code = isTimeout ? 'BACKEND_TIMEOUT' : 'BACKEND_ERROR';
  const text = isTimeout
    ? BEFORE_THE_HEAD[kind].text(failureCode)
    : `broke off its response (${failureCode})`;
  return new OllaError(code, `endpoint ${endpoint} ${text}; the response is incomplete`, { cause });
}

/** The error within a stream that ended correctly on the wire, but without its dialect's end mark. */
export function unfinishedError(endpoint: string): OllaError {
  return new OllaError(
    'BACKEND_ERROR',
    `endpoint ${endpoint} ended its answer without the end of the stream; the answer is incomplete`,
  );
}
