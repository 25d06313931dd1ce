/**
 * The one interface between the path of a request and the way bytes reach a backend, so that a faster client can
 * take this one's place. One call is one attempt on one endpoint.
 */
export interface Upstream {
  /** Starts an attempt. Every event comes later than this call returns, except a failure to even start. */
  dispatch(request: UpstreamRequest, listener: UpstreamListener): UpstreamCall;
  /** Connections open now, idle ones included. */
  readonly connections: number;
  /** Closes idle connections at once and the others when they end. */
  close(): void;
}

export interface UpstreamRequest {
  readonly method: string;
  /** Path and query exactly as they go on the wire. */
  readonly path: string;
  /** Flat `[name, value, …]`; `content-length` included where the length is known, no framing headers otherwise. */
  readonly headers: string[];
  /** A Buffer can be sent again on another attempt; a source cannot once it was started. */
  readonly body: Buffer | BodySource | null;
  /** Do not reuse an idle connection: the last attempt met one that was closing. */
  readonly freshConnection: boolean;
}

/** A body that comes in pieces. */
export interface BodySource {
  /** Hands its bytes to the sink from now on; called when the connection is there, once. */
  start(sink: BodySink): void;
  /** The sink, which had refused more, has room again. */
  resume(): void;
  /** Nobody wants the rest. Nothing is handed on after it. */
  stop(): void;
}

export interface BodySink {
  /** @returns false to be told no more until `resume` */
  data(chunk: Buffer): boolean;
  end(): void;
  /** The body broke off. */
  fail(error: Error): void;
}

/** Calls come in the order head, data…, end; or a failure in place of any of them, after which nothing comes. */
export interface UpstreamListener {
  /** @param rawHeaders flat `[name, value, …]`, names as the backend wrote them */
  onHead(status: number, rawHeaders: string[]): void;
  /** All that has arrived so far was told; more may be long in coming. */
  onQuiet(): void;
  /**
   * Return false to stop reading from the backend until `resume`.
   *
   * @param chunk valid during the call only: what is kept must be copied
   */
  onData(chunk: Buffer): boolean;
  onEnd(): void;
  onFailure(failure: UpstreamFailure): void;
}

export interface UpstreamCall {
  /** Ends the attempt at once and frees its connection; no event follows. */
  abort(): void;
  resume(): void;
}

export type FailureKind =
  /** No connection: refused, unreachable, unresolvable, not within `proxy.connection_timeout`. */
  | 'connect'
  /** The connection broke before the head of an answer. */
  | 'reset'
  /** No head within `proxy.response_header_timeout`. */
  | 'head_timeout'
  /** Silence between body bytes longer than `proxy.read_timeout`. */
  | 'body_timeout'
  /** The whole answer took longer than `proxy.response_timeout`. */
  | 'total_timeout'
  /** The connection broke inside the body. */
  | 'truncated'
  /** What came is not HTTP. */
  | 'protocol'
  /** The request itself could not be sent: its own body broke off, or it holds what HTTP forbids. */
  | 'request';

export interface UpstreamFailure {
  readonly kind: FailureKind;
  /** The connection had answered before: its closing may have crossed this request on the wire. */
  readonly reused: boolean;
  /** Code of the cause, such as `ECONNREFUSED`, for logs and messages. */
  readonly code: string;
  readonly cause: unknown;
}
