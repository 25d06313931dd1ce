/**
 * The one interface between the path of a request and the way bytes reach a backend, so that another client can take
 * the place of this one. One call is one attempt at one endpoint.
 */
export interface Upstream {
  /** Starts an attempt. Every event comes after this call has returned, except the failure of kind `request`. */
  dispatch(request: UpstreamRequest, listener: UpstreamListener): UpstreamCall;
  /** Connections open now, idle ones included. */
  readonly connections: number;
  /** Closes idle connections at once, and each other one when its response is complete. */
  close(): void;
}

export interface UpstreamRequest {
  readonly method: string;
  /** Path and query exactly as sent on the wire. */
  readonly path: string;
  /** Flat `[name, value, …]`; `content-length` included where the length is known, no framing headers otherwise. */
  readonly headers: string[];
  /** A Buffer can be sent again by another attempt; a source only if it is repeatable. */
  readonly body: Buffer | BodySource | null;
  /** Opens a new connection, because the last attempt failed on an idle one that was closing. */
  readonly freshConnection: boolean;
}

/** A body that comes in pieces. */
export interface BodySource {
  /** Whether another attempt can send it again from its beginning. */
  readonly isRepeatable: boolean;
  /** Sends its bytes to the sink from now on. Called at most once in an attempt, once the connection is established. */
  start(sink: BodySink): void;
  /** The sink has room again, after it had returned false. */
  resume(): void;
  /** The attempt is over: the source must send nothing more. */
  stop(): void;
}

export interface BodySink {
  /** @returns false to pause the source until `resume` */
  data(chunk: Buffer): boolean;
  end(): void;
  /** The body broke off: the attempt fails with kind `request`. */
  fail(error: Error): void;
}

/**
 * Calls come in the order head, data…, end. A failure may take the place of any of them, and no call follows it.
 * Interim responses (1xx) and trailers are not reported.
 */
export interface UpstreamListener {
  /** @param rawHeaders flat `[name, value, …]`, names as the backend wrote them, values without the spaces around */
  onHead(status: number, rawHeaders: string[]): void;
  /** All bytes that have arrived so far were reported; the next ones may take long. */
  onQuiet(): void;
  /**
   * Return false to stop reading from the backend until `resume`; the rest of the current read may still follow.
   *
   * @param chunk valid during the call only; copy it to keep it
   */
  onData(chunk: Buffer): boolean;
  /** The response is complete, and its connection may carry the next request. */
  onEnd(): void;
  onFailure(failure: UpstreamFailure): void;
}

export interface UpstreamCall {
  /** Ends the attempt at once and closes its connection; no event follows. Does nothing once the attempt is over. */
  abort(): void;
  resume(): void;
}

/**
 * How an attempt failed. A failure of any kind is the last event of its attempt: the connection is closed, and the
 * request's body is stopped. `testing/conformance` tests this for every implementation.
 */
export type FailureKind =
  /**
   * There was no connection: refused, unreachable, the name does not resolve, the TLS handshake failed, or either took
   * longer than `proxy.connection_timeout`. The backend received nothing of the request, and its body was not started.
   */
  | 'connect'
  /**
   * The connection ended before the head of the response was complete. The backend may have received the request,
   * unless `reused` is set: then the backend may have closed the connection before the request arrived (RFC 9112 §9.5).
   */
  | 'reset'
  /** The head did not arrive within `proxy.response_header_timeout`. The backend may be working on the request. */
  | 'head_timeout'
  /**
   * No byte of the body arrived for `proxy.read_timeout`. Time in which the listener has paused the response does not
   * count. Head and body so far were reported.
   */
  | 'body_timeout'
  /**
   * The whole response took longer than `proxy.response_timeout`. An upstream never reports this kind: the time covers
   * all attempts of a request, so the caller ends the attempt and reports it.
   */
  | 'total_timeout'
  /** The connection ended within the body. Head and body so far were reported. */
  | 'truncated'
  /** The bytes are not an HTTP/1.x response (RFC 9112). The bytes before the fault were reported. */
  | 'protocol'
  /**
   * The request could not be sent: a header or the path would start another line on the wire, the body broke off, or
   * its length differs from Content-Length. The backend never receives a body that looks complete. Another endpoint
   * would fail in the same way.
   */
  | 'request';

export interface UpstreamFailure {
  readonly kind: FailureKind;
  /** The connection had carried a response before, so the backend may have closed it before this request arrived. */
  readonly reused: boolean;
  /** Code of the cause, such as `ECONNREFUSED`, for logs and messages. */
  readonly code: string;
  readonly cause: unknown;
}
