/**
 * How long one worker puts an endpoint behind its peers because it refused requests for now: it is full, or limits
 * their rate. It stays in service. Plain data with one owner; all times are milliseconds of one clock, the caller's.
 */
export interface Backoff {
  /** 0 while it takes requests. */
  until: number;
  /** When it refused the last time: a request from before says nothing of the time since. */
  refusedAt: number;
  /** Refusals since it last served a request; makes the next moment longer. */
  inARow: number;
  /** It said itself how long. */
  isTold: boolean;
}

/** The first refusal keeps requests away for so long, each one in a row twice as long as the one before, up to a bound. */
export const BACKOFF_MS = 250;
export const MAX_BACKOFF_MS = 10_000;
/** A server that says how long is believed up to an hour: quotas of a day end when somebody raises them. */
export const MAX_RETRY_AFTER_MS = 3_600_000;
/** A server that refuses because it is full does so without any work. A later 503 tells of work that failed. */
const AT_ONCE_MS = 1_000;

export function newBackoff(): Backoff {
  return { until: 0, refusedAt: 0, inARow: 0, isTold: false };
}

/**
 * Whether a response means "not now" and not a fault (RFC 6585 §4, RFC 9110 §15.6.4).
 *
 * @param tookMs from the request to the response
 */
export function isRefusal(status: number, tookMs: number): boolean {
  return status === 429 || (status === 503 && tookMs < AT_ONCE_MS);
}

export interface Refusal {
  /** When the request was sent. */
  readonly startedAt: number;
  /** What Retry-After says; null if it does not. */
  readonly retryAfterMs: number | null;
}

/** The endpoint refused a request. */
export function recordRefusal(backoff: Backoff, { startedAt, retryAfterMs }: Refusal, now: number): void {
  // Requests that were under way together are refused together: that is one refusal.
  if (startedAt >= backoff.refusedAt) {
    const ms = Math.min(MAX_BACKOFF_MS, BACKOFF_MS * 2 ** Math.min(backoff.inARow, 10));
    backoff.inARow += 1;
    backoff.refusedAt = now;
    backoff.isTold = false;
    backoff.until = now + ms;
  }
  if (retryAfterMs === null) return;
  backoff.isTold = true;
  backoff.until = Math.max(backoff.until, now + Math.min(MAX_RETRY_AFTER_MS, retryAfterMs));
}

/**
 * The endpoint served a request.
 *
 * @param startedAt when the request was sent. One from before the refusal only frees its place
 */
export function recordServed(backoff: Backoff, startedAt: number): void {
  if (startedAt >= backoff.refusedAt) {
    backoff.until = 0;
    backoff.inARow = 0;
  } else if (!backoff.isTold) backoff.until = 0;
}

export function isBackedOff({ until }: Backoff, now: () => number): boolean {
  return until !== 0 && now() < until;
}
