import { performance } from 'node:perf_hooks';
import type { ErrorCode, OllaError } from '@olla/core/errors';
import type { Call } from './call.ts';
import { errorResponse } from './error-response.ts';
import type { LastAttempt, Outcome } from './outcome.ts';
import { appendHeaders } from './response-headers.ts';

/** The trailer's format: whole milliseconds. */
export function responseTime(call: Call): string {
  return `${Math.round(call.elapsedMs())}ms`;
}

/** A response that is known before its head. */
export interface WholeResponse {
  readonly status: number;
  /** Flat, without headers of framing. */
  readonly headers: readonly string[];
  readonly body: string | Buffer;
}

/** Sends a response of the gateway's own. */
export function respond(call: Call, response: WholeResponse): Outcome {
  return { kind: 'answered', error: null, ...send(call, response), attempt: null };
}

export function respondJson(call: Call, status: number, body: unknown): Outcome {
  return respond(call, {
    status,
    headers: ['Content-Type', 'application/json'],
    body: JSON.stringify(body),
  });
}

/** Sends an error of the gateway's own resources, for example that a listing does not have a model. */
export function respondError(call: Call, error: OllaError): Outcome {
  return { kind: 'answered', ...sendError(call, error), attempt: null };
}

/** Ends a failed request: with its error if no response has begun, else by aborting the connection. */
export function failWith(call: Call, error: OllaError, attempt: LastAttempt | null): Outcome {
  return { kind: 'failed', ...sendError(call, error), attempt };
}

type Sent = Pick<Outcome, 'bytesOut' | 'firstByteAt'>;
const NOTHING: Sent = { bytesOut: 0, firstByteAt: null };

/** The client is gone: there is no connection to respond on. */
export function aborted(): Outcome {
  return { kind: 'aborted', error: null, ...NOTHING, attempt: null };
}

function sendError(call: Call, error: OllaError): Sent & { readonly error: ErrorCode } {
  const { response } = call;
  // A response that has begun cannot become another one: its missing end informs the client.
  if (response.headersSent && !response.writableEnded) response.destroy();
  return { error: error.code, ...send(call, errorResponse(error, call.errorForm)) };
}

/** Framed by its length, the response time as a header. */
function send(call: Call, { status, headers, body }: WholeResponse): Sent {
  const { response } = call;
  if (response.headersSent || response.destroyed) return NOTHING;
  const length = typeof body === 'string' ? Buffer.byteLength(body) : body.length;
  const isBodiless = status === 204 || status === 304;
  const own = [...headers, 'X-Olla-Response-Time', responseTime(call)];
  if (!isBodiless) own.push('Content-Length', String(length));
  response.writeHead(status, appendHeaders(own, call.headers));
  const firstByteAt = performance.now();
  if (isBodiless || call.method === 'HEAD') {
    response.end();
    return { bytesOut: 0, firstByteAt };
  }
  response.end(body);
  return { bytesOut: length, firstByteAt };
}
