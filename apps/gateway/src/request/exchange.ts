import type { IncomingMessage, ServerResponse } from 'node:http';
import { performance } from 'node:perf_hooks';
import type { ErrorCode } from '@olla/core/errors';
import type { Admission } from '@olla/state/limiter/admission';
import type { RequestTrace } from '@olla/telemetry/tracing/request-trace';
import type { SessionTurn } from '../fleet/sessions.ts';

/**
 * One request and its answer: what the steps of the path learn of it, and what is settled at its end. Its answer
 * begins at most once, and it is settled exactly once, whichever way it ends.
 */
export class Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly id: string;
  readonly method: string;
  /** As the client wrote it, without query. */
  readonly path: string;
  /** `?…` or empty. */
  readonly query: string;
  /** Monotonic milliseconds. */
  readonly startedAt: number;

  /** The client's, as far as it can be believed. */
  address = '';
  /** The TCP peer is a trusted proxy. */
  peerTrusted = false;
  admission: Admission | null = null;
  /** Null where traces are off, or the caller's own context goes on untouched. */
  trace: RequestTrace | null = null;
  /** Null where sessions are not sticky, or the request has no model. */
  session: SessionTurn | null = null;
  /** Prefix of the path that chose the endpoints, such as `/olla/vllm`. */
  route: string | null = null;
  /** The model that was asked for, then the one that serves. */
  model: string | null = null;
  endpoint: string | null = null;
  backendType: string | null = null;
  retries = 0;
  /** Sent to an endpoint without the model, for want of one that has it. */
  isFallback = false;
  bytesIn = 0;
  bytesOut = 0;
  firstByteAt: number | null = null;
  tokensIn = 0;
  tokensOut = 0;
  /** Flat headers that every answer to this request carries. */
  readonly baseHeaders: string[];
  /** Code of the error that the client got, or would have got. */
  error: ErrorCode | null = null;
  /** Counted as traffic of the fleet, not as a call of the system endpoints. */
  relayed = false;
  /** The backend's answer broke off, or the backend answered 5xx. */
  backendFailed = false;
  clientGone = false;
  /** The client sends its body only when told to; without that, the connection ends with the answer. */
  awaitsInvitation: boolean;

  readonly #onGone: (() => void)[] = [];
  readonly #keepAlive: boolean;

  constructor(
    request: IncomingMessage,
    response: ServerResponse,
    id: string,
    corsHeaders: readonly string[],
  ) {
    this.request = request;
    this.response = response;
    this.id = id;
    this.method = request.method ?? 'GET';
    const url = originForm(request.url ?? '/');
    const mark = url.indexOf('?');
    this.path = mark === -1 ? url : url.slice(0, mark);
    this.query = mark === -1 ? '' : url.slice(mark);
    this.startedAt = performance.now();
    this.awaitsInvitation = request.headers.expect?.toLowerCase() === '100-continue';
    this.#keepAlive = response.shouldKeepAlive;
    if (this.awaitsInvitation) response.shouldKeepAlive = false;
    this.baseHeaders = ['X-Olla-Request-ID', id, ...corsHeaders];
  }

  /** Tells a client that asked first (Expect: 100-continue) to send its body. */
  invite(): void {
    if (!this.awaitsInvitation) return;
    this.awaitsInvitation = false;
    this.response.shouldKeepAlive = this.#keepAlive;
    this.response.writeContinue();
  }

  /** Milliseconds since the request was accepted. */
  elapsedMs(): number {
    return performance.now() - this.startedAt;
  }

  get firstByteMs(): number | null {
    return this.firstByteAt === null ? null : this.firstByteAt - this.startedAt;
  }

  /** Calls once when the client leaves before its answer is complete; at once if it has left already. */
  whenClientLeaves(listener: () => void): void {
    if (this.clientGone) listener();
    else this.#onGone.push(listener);
  }

  clientLeft(): void {
    this.clientGone = true;
    for (const listener of this.#onGone.splice(0)) listener();
  }
}

/** A proxy's client writes the whole URL (RFC 9112 §3.2.2); routes go by its path. */
function originForm(url: string): string {
  if (url.startsWith('/')) return url;
  const path = /^https?:\/\/[^/?#]+([/?].*)?$/i.exec(url)?.[1];
  return path === undefined ? '/' : path.startsWith('/') ? path : `/${path}`;
}
