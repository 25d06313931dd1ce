/** One load on one program, as the controller orders it from the generator process. */
export interface LoadSpec {
  readonly port: number;
  readonly path: string;
  readonly model: string;
  /** Length of each request's body. */
  readonly requestBytes: number;
  readonly stream: boolean;
  readonly connections: number;
  /** `closed`: each connection asks again when it has its answer. `open`: requests are due at a fixed rate. */
  readonly pace: { readonly kind: 'closed' } | { readonly kind: 'open'; readonly ratePerS: number };
  /** Connections start evenly over this time. */
  readonly rampMs: number;
  /** Load before the window, counted from the start; not measured. */
  readonly warmUpMs: number;
  readonly windowMs: number;
  /** The window waits until every connection has its first body byte (at most 30 s). */
  readonly windowAfterAllOpen: boolean;
  /** A new connection for each request. */
  readonly connectionClose: boolean;
  /** The client leaves once it has so many body bytes; undefined: it stays to the end. */
  readonly leaveAfterBytes: number | undefined;
  readonly expected: ExpectedAnswer;
  /** No more requests than this are sent, window or not. */
  readonly maxRequests: number;
}

export interface ExpectedAnswer {
  readonly status: number;
  /** Exact length of a whole body; undefined: any. */
  readonly bodyBytes: number | undefined;
  /** The exact body is compared with this text as well. */
  readonly body: string | undefined;
}

export interface Percentiles {
  readonly count: number;
  readonly p50Us: number;
  readonly p99Us: number;
}

/** What happened within the window. */
export interface LoadReport {
  readonly windowMs: number;
  /** Whole right answers (with leaveAfterBytes: streams left). */
  readonly completed: number;
  readonly bodyBytes: number;
  /** From sending (closed) or from the due time (open) to the last byte. */
  readonly latency: Percentiles | undefined;
  /** The same to the first body byte. */
  readonly firstByte: Percentiles | undefined;
  /** How late the generator itself sent what was due while a connection was free (open). */
  readonly lateness: Percentiles | undefined;
  /** Whole run, warm-up included: text → times. */
  readonly errors: Readonly<Record<string, number>>;
}

/** Controller → generator. */
export type GeneratorOrder = { readonly kind: 'run'; readonly spec: LoadSpec } | { readonly kind: 'stop' };

/** Generator → controller. Load goes on between `window-end` and `stop`. */
export type GeneratorMessage =
  | { readonly kind: 'ready' }
  | { readonly kind: 'window-start' }
  | { readonly kind: 'window-end'; readonly report: LoadReport }
  | { readonly kind: 'stopped' };
