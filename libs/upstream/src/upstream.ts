/**
 * The one interface between the path of a request and the way bytes reach a backend, so that another client can take
 * the place of this one. One call is one attempt at one endpoint.
 */
export interface Upstream {
  /** Starts an attempt. Every event comes after this call has returned, except the failure of kind `request`. */
  dispatch(request: UpstreamRequest, listener: UpstreamListener): UpstreamCall;
  /** Connections open now, idle ones included. */
  readonly connections: number;
  /** Closes idle connections at once, and each other one when its response is whole. */
  close(): void;
}

export interface UpstreamRequest {
  readonly method: string;
  /** Path and query exactly as they go on the wire. */
  readonly path: string;
  /** Flat `[name, value, …]`; `content-length` included where the length is known, no framing headers otherwise. */
  readonly headers: string[];
  /** A Buffer can be sent again on another attempt; a source only if it says so. */
  readonly body: Buffer | BodySource | null;
  /** Do not reuse an idle connection: the last attempt met one that was closing. */
  readonly freshConnection: boolean;
}

/** A body that comes in pieces. */
export interface BodySource {
  /** Another attempt can send it from its beginning, should this one fail. */
  readonly isRepeatable: boolean;
  /** Hands its bytes to the sink from now on. Called once at most, when there is a connection. */
  start(sink: BodySink): void;
  /** The sink, which had refused more, has room again. */
  resume(): void;
  /** Nobody wants the rest: the attempt is over. Nothing is handed on after it. */
  stop(): void;
}

export interface BodySink {
  /** @returns false to be told no more until `resume` */
  data(chunk: Buffer): boolean;
  end(): void;
  /** The body broke off: the attempt fails with kind `request`. */
  fail(error: Error): void;
}

/**
 * Calls come in the order head, data…, end; or a failure in place of any of them, after which nothing comes. Interim
 * responses (1xx) and trailers are not told.
 */
export interface UpstreamListener {
  /** @param rawHeaders flat `[name, value, …]`, names as the backend wrote them, values without the spaces around */
  onHead(status: number, rawHeaders: string[]): void;
  /** All that has arrived so far was told; more may be long in coming. */
  onQuiet(): void;
  /**
   * Return false to stop reading from the backend until `resume`; what one read has brought already may still come.
   *
   * @param chunk valid during the call only: what is kept must be copied
   */
  onData(chunk: Buffer): boolean;
  /** The response is whole, and its connection may carry the next request. */
  onEnd(): void;
  onFailure(failure: UpstreamFailure): void;
}

export interface UpstreamCall {
  /** Ends the attempt at once and closes its connection; no event follows. Harmless when the attempt is over. */
  abort(): void;
  resume(): void;
}

/**
 * How an attempt failed. Whatever the kind: it is told once and nothing after it, the connection is closed, and the
 * request's body is stopped. `testing/conformance` holds every implementation to it.
 */
export type FailureKind =
  /**
   * There was no connection: refused, unreachable, the name does not resolve, the TLS handshake failed, or either took
   * longer than `proxy.connection_timeout`. The backend got nothing of the request, and its body was not started.
   */
  | 'connect'
  /**
   * The connection ended before the head of the response was whole. The backend may have got the request, unless
   * `reused` says that its closing may have crossed the request on the wire (RFC 9112 §9.5).
   */
  | 'reset'
  /** The head did not come within `proxy.response_header_timeout`. The backend may be at work on the request. */
  | 'head_timeout'
  /**
   * No byte of the body came for `proxy.read_timeout`. While the listener holds the backend back, its silence does not
   * count. Head and body so far were told.
   */
  | 'body_timeout'
  /**
   * The whole response took longer than `proxy.response_timeout`. An upstream never tells it: the time covers all
   * attempts of a request, so whoever makes them ends the attempt and reports it.
   */
  | 'total_timeout'
  /** The connection ended within the body. Head and body so far were told. */
  | 'truncated'
  /** The bytes that came are no HTTP/1.x response (RFC 9112). What came before the fault was told. */
  | 'protocol'
  /**
   * The request could not be sent: a header or its path would start another line on the wire, its body broke off, or
   * is not as long as Content-Length says. The backend never gets a body that looks whole. Another endpoint would
   * fail in the same way.
   */
  | 'request';

export interface UpstreamFailure {
  readonly kind: FailureKind;
  /** The connection had carried a response before: its closing may have crossed this request on the wire. */
  readonly reused: boolean;
  /** Code of the cause, such as `ECONNREFUSED`, for logs and messages. */
  readonly code: string;
  readonly cause: unknown;
}
