/**
 * How long one worker orders an endpoint behind its peers because it refused requests for now: it is full, or limits
 * their rate. It stays in service. Plain data with one owner. All times are milliseconds of the caller's clock.
 */
export interface Backoff {
  /** 0 while it takes requests. */
  until: number;
  /** When it last refused: a request sent before has no information about the time since. */
  refusedAt: number;
  /** Refusals since it last served a request; each lengthens the next backoff. */
  inARow: number;
  /** The endpoint itself gave the duration. */
  hasRetryAfter: boolean;
}

/** Duration after the first refusal. Each consecutive one doubles it, up to a bound. */
export const BACKOFF_MS = 250;
export const MAX_BACKOFF_MS = 10_000;
/** Longest accepted Retry-After. Operators may raise a daily quota before it ends. */
export const MAX_RETRY_AFTER_MS = 3_600_000;
/** A full server refuses without any work. A later 503 means that work failed. */
const AT_ONCE_MS = 1_000;

export function newBackoff(): Backoff {
  return { until: 0, refusedAt: 0, inARow: 0, hasRetryAfter: false };
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
  /** The time in Retry-After; null without one. */
  readonly retryAfterMs: number | null;
}

/** The endpoint refused a request. */
export function recordRefusal(backoff: Backoff, { startedAt, retryAfterMs }: Refusal, now: number): void {
  // Requests that were in flight together are refused together: they count as one refusal.
  if (startedAt >= backoff.refusedAt) {
    const ms = Math.min(MAX_BACKOFF_MS, BACKOFF_MS * 2 ** Math.min(backoff.inARow, 10));
    backoff.inARow += 1;
    backoff.refusedAt = now;
    backoff.hasRetryAfter = false;
    backoff.until = now + ms;
  }
  if (retryAfterMs === null) return;
  backoff.hasRetryAfter = true;
  backoff.until = Math.max(backoff.until, now + Math.min(MAX_RETRY_AFTER_MS, retryAfterMs));
}

/**
 * The endpoint served a request.
 *
 * @param startedAt when the request was sent. If before the refusal, it only frees its place
 */
export function recordServed(backoff: Backoff, startedAt: number): void {
  if (startedAt >= backoff.refusedAt) {
    backoff.until = 0;
    backoff.inARow = 0;
  } else if (!backoff.hasRetryAfter) backoff.until = 0;
}

export function isBackedOff({ until }: Backoff, now: () => number): boolean {
  return until !== 0 && now() < until;
}
