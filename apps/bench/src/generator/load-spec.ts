/** One load on one program, which the controller has the generator process run. */
export interface LoadSpec {
  readonly port: number;
  readonly path: string;
  readonly model: string;
  /** Bytes of each request body. */
  readonly requestBytes: number;
  readonly stream: boolean;
  readonly connections: number;
  /** `closed`: each connection sends its next request after a response. `open`: requests are due at a fixed rate. */
  readonly pace: { readonly kind: 'closed' } | { readonly kind: 'open'; readonly ratePerS: number };
  /** The connections start evenly over this time. */
  readonly rampMs: number;
  /** Time from the start to the window, which is not measured. */
  readonly warmUpMs: number;
  readonly windowMs: number;
  /** The window opens when every connection has its first body byte, and after 30 s at the latest. */
  readonly windowAfterAllOpen: boolean;
  /** Each request has a connection of its own. */
  readonly connectionClose: boolean;
  /** The client aborts after this many body bytes. Undefined: it reads the whole response. */
  readonly abortAfterBytes: number | undefined;
  readonly expected: ExpectedResponse;
  /** No more requests than this are sent in the whole run. */
  readonly maxRequests: number;
}

export interface ExpectedResponse {
  readonly status: number;
  /** Exact bytes of the body. Undefined: any. */
  readonly bodyBytes: number | undefined;
  /** Exact text of the body. Undefined: any. */
  readonly body: string | undefined;
}

export interface Percentiles {
  readonly count: number;
  readonly p50Us: number;
  readonly p99Us: number;
}

/** What the generator measured within the window. */
export interface LoadReport {
  readonly windowMs: number;
  /** Complete and expected responses; with abortAfterBytes, aborted streams. */
  readonly completed: number;
  readonly bodyBytes: number;
  /** From sending the request (closed loop) or its due time (open loop) to the last byte. */
  readonly latency: Percentiles | undefined;
  /** From the same start to the first body byte. */
  readonly firstByte: Percentiles | undefined;
  /** Open loop: how late the generator sent a request that was due while a connection was free. */
  readonly lateness: Percentiles | undefined;
  /** Number of errors by their text, over the whole run with its warm-up. */
  readonly errors: Readonly<Record<string, number>>;
}

/** Messages from the controller to the generator. */
export type GeneratorCommand = { readonly kind: 'run'; readonly spec: LoadSpec } | { readonly kind: 'stop' };

/** Messages from the generator to the controller. The load goes on between `window-end` and `stop`. */
export type GeneratorMessage =
  | { readonly kind: 'ready' }
  | { readonly kind: 'window-start' }
  | { readonly kind: 'window-end'; readonly report: LoadReport }
  | { readonly kind: 'stopped' };
