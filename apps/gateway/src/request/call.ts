import type { IncomingMessage, ServerResponse } from 'node:http';
import { performance } from 'node:perf_hooks';
import type { OllaError } from '@olla/core/errors';
import { normalizePath } from '@olla/core/http/normalize-path';
import { newRequestId, validRequestId } from '@olla/core/http/request-id';
import { dropRest } from '../listener/drop-rest.ts';
import { errorFormOf, type ErrorForm } from './error-response.ts';
import type { ResponseHeaders } from './response-headers.ts';

/**
 * Event of a response whose request turned out to be malformed while its body was read; carries an OllaError. The path
 * of the request answers it, so that the response has the request's own id and headers.
 */
export const REFUSED = Symbol('refused');

/** The client left before its response was complete. */
export class ClientGone extends Error {
  constructor() {
    super('the client left before its response was complete');
    this.name = 'ClientGone';
  }
}

/** Why a request ends early. */
export type AbortReason = ClientGone | OllaError;

/**
 * One request and its response. The steps of the path return their results, except for the parts of `headers`. It has
 * the members of an AbortSignal that the steps need, because a controller for each request would cost native memory.
 */
export class Call {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly id: string;
  readonly method: string;
  /** Normalised, without query. */
  readonly path: string;
  /** `?…` or empty. */
  readonly query: string;
  /** Monotonic milliseconds. */
  readonly startedAt: number;
  readonly headers: ResponseHeaders;

  #abortReason: AbortReason | null = null;
  readonly #onAbort: (() => void)[] = [];
  #isOver = false;
  #onOver: (() => void) | null = null;
  /** The client waits for 100 Continue before its body; without that, the connection ends with the response. */
  #awaitsContinue: boolean;
  readonly #keepAlive: boolean;

  constructor(request: IncomingMessage, response: ServerResponse, corsHeaders: readonly string[]) {
    this.startedAt = performance.now();
    this.request = request;
    this.response = response;
    const givenId = headerOf(request, 'x-request-id');
    this.id = validRequestId(givenId) ? givenId : newRequestId();
    this.method = request.method ?? 'GET';
    const url = originForm(request.url ?? '/');
    const mark = url.indexOf('?');
    this.path = normalizePath(mark === -1 ? url : url.slice(0, mark));
    this.query = mark === -1 ? '' : url.slice(mark);
    this.headers = {
      base: ['X-Olla-Request-ID', this.id],
      cors: corsHeaders,
      limits: [],
      routing: [],
      session: [],
    };
    // RFC 9110 §10.1.1: a client of HTTP/1.0 knows no interim responses, and sends its body anyway.
    this.#awaitsContinue =
      request.httpVersionMinor > 0 && request.headers.expect?.toLowerCase() === '100-continue';
    this.#keepAlive = response.shouldKeepAlive;
    if (this.#awaitsContinue) response.shouldKeepAlive = false;
    response.on('close', () => this.#end());
    response.on(REFUSED, (error: OllaError) => this.#refuse(error));
  }

  /** The form of the errors for its client. */
  get errorForm(): ErrorForm {
    return errorFormOf(this.path);
  }

  /** Milliseconds since the request was accepted. */
  elapsedMs(): number {
    return performance.now() - this.startedAt;
  }

  /** Sends 100 Continue to a client that waits for it (Expect: 100-continue). */
  sendContinue(): void {
    if (!this.#awaitsContinue) return;
    this.#awaitsContinue = false;
    this.response.shouldKeepAlive = this.#keepAlive;
    this.response.writeContinue();
  }

  /** Null until an abort ends the request before its response is complete. */
  get abortReason(): AbortReason | null {
    return this.#abortReason;
  }

  /** @throws AbortReason if the request was aborted */
  throwIfAborted(): void {
    if (this.#abortReason !== null) throw this.#abortReason;
  }

  /** Calls the listener once when the request is aborted; at once if it is already. */
  onAbort(listener: () => void): void {
    if (this.#abortReason !== null) listener();
    else this.#onAbort.push(listener);
  }

  /** The response was passed to the system, or the connection is closed. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** Resolves when the call has ended, also for one that has ended already. */
  over(): Promise<void> {
    return new Promise((resolve) => (this.#onOver = resolve));
  }

  #abort(reason: AbortReason): void {
    if (this.#abortReason !== null) return;
    this.#abortReason = reason;
    for (const listener of this.#onAbort.splice(0)) listener();
  }

  /** The rest of the body will never arrive: running steps end as if the client had left. */
  #refuse(error: OllaError): void {
    this.response.shouldKeepAlive = false;
    this.#abort(error);
  }

  #end(): void {
    if (!this.response.writableFinished) this.#abort(new ClientGone());
    // The unread rest of a body must not precede the connection's next request.
    if (!this.request.readableEnded) dropRest(this.request);
    this.#isOver = true;
    this.#onOver?.();
  }
}

/** A header that node:http joins, or takes only once: its value is a string for every name except Set-Cookie. */
export function headerOf(request: IncomingMessage, lowerName: string): string | undefined {
  const value = request.headers[lowerName];
  return typeof value === 'string' ? value : undefined;
}

/** A proxy's client writes the whole URL (RFC 9112 §3.2.2); routes go by its path. */
function originForm(url: string): string {
  if (url.startsWith('/')) return url;
  const path = /^https?:\/\/[^/?#]+([/?].*)?$/i.exec(url)?.[1];
  return path === undefined ? '/' : path.startsWith('/') ? path : `/${path}`;
}
