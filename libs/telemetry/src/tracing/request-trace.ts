import { performance } from 'node:perf_hooks';
import { newSpanId } from './random-ids.ts';
import { formatTraceparent, SAMPLED_FLAG } from './trace-context.ts';

export interface RequestTraceOptions {
  readonly traceId: string;
  /** The caller's span; null if the trace begins here. */
  readonly parentSpanId: string | null;
  readonly traceState: string | null;
  readonly sampled: boolean;
  readonly otherFlags: number;
}

/**
 * The trace of one request while it runs: its ids and the times of its attempts, from which the spans are made at the
 * end. A request that is not sampled has no spans, but its attempts carry that decision to the backends.
 */
export class RequestTrace {
  readonly traceId: string;
  readonly parentSpanId: string | null;
  readonly traceState: string | null;
  readonly sampled: boolean;
  readonly spanId: string;
  readonly attempts: AttemptTrace[] = [];
  readonly #flags: number;

  constructor(options: RequestTraceOptions) {
    this.traceId = options.traceId;
    this.parentSpanId = options.parentSpanId;
    this.traceState = options.traceState;
    this.sampled = options.sampled;
    this.spanId = options.sampled ? newSpanId() : '';
    this.#flags = options.otherFlags | (options.sampled ? SAMPLED_FLAG : 0);
  }

  /**
   * Starts an attempt: replaces the caller's `traceparent` in the flat list of headers by one with the attempt's span.
   *
   * @returns null if the request is not sampled
   */
  startAttempt(headers: string[]): AttemptTrace | null {
    const spanId = newSpanId();
    for (let i = headers.length - 2; i >= 0; i -= 2) {
      const name = headers[i] as string;
      // A tracestate belongs to its traceparent. Without a valid one it is dropped (W3C Trace Context, section 3.3).
      if (isNamed(name, 'traceparent') || (this.parentSpanId === null && isNamed(name, 'tracestate')))
        headers.splice(i, 2);
    }
    headers.push('traceparent', formatTraceparent(this.traceId, spanId, this.#flags));
    if (!this.sampled) return null;
    const attempt = new AttemptTrace(spanId);
    this.attempts.push(attempt);
    return attempt;
  }
}

/** What is known about an attempt before it is sent. */
export interface AttemptTarget {
  readonly endpoint: string;
  /** The backend type. */
  readonly provider: string;
  /** Absolute URL, without query and credentials. */
  readonly url: string;
  readonly method: string;
  readonly requestModel: string | null;
  /** The native name of the model. */
  readonly responseModel: string | null;
}

export type AttemptOutcome = 'relayed' | 'broken' | 'failed' | 'refused' | 'client_left';

/** One attempt. Times are milliseconds of the monotonic clock. */
export class AttemptTrace {
  readonly spanId: string;
  readonly startedAt: number;
  target: AttemptTarget | null = null;
  /** Whether the response is an event stream. */
  streamed = false;
  endedAt: number | null = null;
  outcome: AttemptOutcome = 'client_left';
  status: number | null = null;
  /** Code of the failure, such as ECONNREFUSED; null without one. */
  errorType: string | null = null;

  constructor(spanId: string) {
    this.spanId = spanId;
    this.startedAt = performance.now();
  }

  end(outcome: AttemptOutcome, status: number | null, errorType: string | null): void {
    this.endedAt = performance.now();
    this.outcome = outcome;
    this.status = status;
    this.errorType = errorType;
  }
}

function isNamed(name: string, lowerCase: string): boolean {
  return name.length === lowerCase.length && name.toLowerCase() === lowerCase;
}
