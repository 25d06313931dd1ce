import { performance } from 'node:perf_hooks';
import { newSpanId } from './random-ids.ts';
import { formatTraceparent, SAMPLED_FLAG } from './trace-context.ts';

export interface RequestTraceOptions {
  readonly traceId: string;
  /** The caller's span; null where the trace begins here. */
  readonly parentSpanId: string | null;
  readonly traceState: string | null;
  readonly sampled: boolean;
  readonly otherFlags: number;
}

/**
 * The trace of one request while it runs: ids, and the times that no one else keeps. Spans are made of it at the end.
 * Of a request that is not sampled there are no spans; it only tells backends so.
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
   * An attempt is about to be sent: its span id goes into the flat headers, in place of the caller's.
   *
   * @returns null if nothing is to be recorded
   */
  startAttempt(headers: string[]): AttemptTrace | null {
    const spanId = newSpanId();
    for (let i = headers.length - 2; i >= 0; i -= 2) {
      const name = headers[i] as string;
      // A tracestate belongs to its traceparent: where that was not valid, both end here.
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

/** What is known of an attempt before it is sent. */
export interface AttemptTarget {
  readonly endpoint: string;
  /** As in the `type` of the configuration. */
  readonly provider: string;
  /** Absolute, without query and without credentials. */
  readonly url: string;
  readonly method: string;
  readonly requestModel: string | null;
  /** The model's name at this endpoint. */
  readonly responseModel: string | null;
}

export type AttemptOutcome = 'relayed' | 'broken' | 'failed' | 'refused' | 'client_left';

/** One attempt at one endpoint; times are monotonic milliseconds. */
export class AttemptTrace {
  readonly spanId: string;
  readonly startedAt: number;
  target: AttemptTarget | null = null;
  /** The answer came as a stream of events. */
  streamed = false;
  endedAt: number | null = null;
  outcome: AttemptOutcome = 'client_left';
  status: number | null = null;
  /** Code of the failure, such as ECONNREFUSED. */
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
