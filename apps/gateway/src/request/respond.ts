import { performance } from 'node:perf_hooks';
import type { ErrorCode, OllaError } from '@olla/core/errors';
import type { Call } from './call.ts';
import { errorResponse } from './error-response.ts';
import type { LastAttempt, Outcome } from './outcome.ts';
import { appendHeaders } from './response-headers.ts';

/** The trailer's form: whole milliseconds. */
export function responseTime(call: Call): string {
  return `${Math.round(call.elapsedMs())}ms`;
}

/** A response that is known before its head. */
export interface WholeResponse {
  readonly status: number;
  /** Flat, without those of framing. */
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

/** Sends an error of the gateway's own resources, such as that of a model that a listing does not have. */
export function respondError(call: Call, error: OllaError): Outcome {
  return { kind: 'answered', ...sendError(call, error), attempt: null };
}

/** Ends a request that fails: with its error if no response has begun, else by breaking the connection off. */
export function failWith(call: Call, error: OllaError, attempt: LastAttempt | null): Outcome {
  return { kind: 'failed', ...sendError(call, error), attempt };
}

type Sent = Pick<Outcome, 'bytesOut' | 'firstByteAt'>;
const NOTHING: Sent = { bytesOut: 0, firstByteAt: null };

/** The client is gone: nobody is there to respond to. */
export function aborted(): Outcome {
  return { kind: 'aborted', error: null, ...NOTHING, attempt: null };
}

function sendError(call: Call, error: OllaError): Sent & { readonly error: ErrorCode } {
  const { response } = call;
  // Half a response cannot become another: its missing end tells the client.
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
