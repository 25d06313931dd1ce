import type { HealthVerdict } from '@olla/backends/profile';
import { isServingState } from '@olla/core/endpoint-status';
import type { EndpointState } from '@olla/core/snapshot';
import type { ProbeFailure } from './probe.ts';

/** The result of an endpoint's health checks. Plain data; `nextHealth` computes the next value. */
export interface EndpointHealth {
  readonly state: EndpointState;
  readonly reason: string;
  /** What the server, the system or a library said, for the log alone. */
  readonly detail: string;
  /** Start of this state in epoch milliseconds. */
  readonly since: number;
  /** Time of the last check in epoch milliseconds; null before the first one. */
  readonly checkedAt: number | null;
  readonly latencyMs: number | null;
  /** Checks in a row that passed. */
  readonly successes: number;
  /** Checks in a row that did not pass. */
  readonly failures: number;
  /** Time before which the backend accepts no request (Retry-After), in epoch milliseconds. */
  readonly retryAt: number | null;
}

export type CheckOutcome =
  | { readonly kind: 'passed'; readonly latencyMs: number }
  /** The response means that the endpoint does not serve. */
  | {
      readonly kind: 'failed';
      readonly verdict: Exclude<HealthVerdict, { ok: true }>;
      readonly latencyMs: number;
    }
  /** No connection could be made. */
  | ({ readonly kind: 'unreachable' } & ProbeFailure)
  /** A connection was made, but no whole response came in time. */
  | ({ readonly kind: 'no-response' } & ProbeFailure);

/** Checks in a row that must pass before a `warming` endpoint is `healthy`. */
const WARM_AFTER = 2;
/** An endpoint is `busy` when its response takes longer than this share of the timeout. */
const SLOW_SHARE = 0.5;
/** Longest delay until the next check of an endpoint that does not serve, so that it comes back within seconds. */
const RECHECK_MS = 2_000;
/** Longest delay until the next check of an endpoint whose state is about to change. */
const CONFIRM_MS = 1_000;
const DEFAULT_RETRY_AFTER_MS = 30_000;
const MAX_RETRY_AFTER_MS = 3_600_000;
/** Checks come up to this share earlier, so that those of many endpoints spread out. */
const JITTER = 0.1;

export function unknownHealth(now: number): EndpointHealth {
  return {
    state: 'unknown',
    reason: 'not checked yet',
    detail: '',
    since: now,
    checkedAt: null,
    latencyMs: null,
    successes: 0,
    failures: 0,
    retryAt: null,
  };
}

/** The health after a check. Pure. */
export function nextHealth(
  previous: EndpointHealth,
  outcome: CheckOutcome,
  { now, timeoutMs }: { readonly now: number; readonly timeoutMs: number },
): EndpointHealth {
  const { state, reason, retryAt } = assess(previous, outcome, now, timeoutMs);
  const passed = outcome.kind === 'passed';
  const isLimited = outcome.kind === 'failed' && outcome.verdict.state === 'rate_limited';
  return {
    state,
    reason,
    detail: detailOf(outcome),
    retryAt,
    since: state === previous.state ? previous.since : now,
    checkedAt: now,
    latencyMs: 'latencyMs' in outcome ? outcome.latencyMs : null,
    successes: passed ? previous.successes + 1 : 0,
    failures: passed || isLimited ? 0 : previous.failures + 1,
  };
}

function detailOf(outcome: CheckOutcome): string {
  if (outcome.kind === 'passed') return '';
  return (outcome.kind === 'failed' ? outcome.verdict.detail : outcome.detail) ?? '';
}

type Assessment = Pick<EndpointHealth, 'state' | 'reason' | 'retryAt'>;

function assess(previous: EndpointHealth, outcome: CheckOutcome, now: number, timeoutMs: number): Assessment {
  switch (outcome.kind) {
    case 'passed':
      return assessPassed(previous, outcome.latencyMs, timeoutMs);
    case 'failed': {
      const { state, reason, retryAfterMs } = outcome.verdict;
      if (state !== 'rate_limited') return { state, reason, retryAt: null };
      return assessLimited(
        previous,
        now + Math.min(retryAfterMs ?? DEFAULT_RETRY_AFTER_MS, MAX_RETRY_AFTER_MS),
      );
    }
    case 'unreachable':
      return { state: 'offline', reason: outcome.reason, retryAt: null };
    case 'no-response': {
      // A serving endpoint may miss one check while it works on a long prompt. The next check decides.
      const state = isServingState(previous.state) && previous.failures === 0 ? 'busy' : 'unhealthy';
      return { state, reason: outcome.reason, retryAt: null };
    }
  }
}

/**
 * A server that answers 429 to a check limits the agent's requests. It may still serve those of clients, so the
 * endpoint stays in service, and only the agent's requests pause.
 */
function assessLimited({ state, reason }: EndpointHealth, retryAt: number): Assessment {
  if (state === 'config_error') return { state, reason, retryAt };
  return {
    state: isServingState(state) ? state : 'healthy',
    reason: 'limits the requests of health checks (429), which pause',
    retryAt,
  };
}

function assessPassed(previous: EndpointHealth, latencyMs: number, timeoutMs: number): Assessment {
  if (previous.state !== 'unknown') {
    const wasAway = !isServingState(previous.state);
    const stillWarming = previous.state === 'warming' && previous.successes + 1 < WARM_AFTER;
    if (wasAway || stillWarming) return { state: 'warming', reason: 'coming back', retryAt: null };
  }
  if (latencyMs <= timeoutMs * SLOW_SHARE) return { state: 'healthy', reason: '', retryAt: null };
  return {
    state: 'busy',
    reason: `took ${Math.round(latencyMs)} ms to answer the health check`,
    retryAt: null,
  };
}

/**
 * Milliseconds until the next check. Never longer than the configured interval, except where the backend named a time
 * (Retry-After).
 *
 * @param random 0 to 1; spreads the checks of many endpoints
 */
export function nextCheckDelayMs(
  health: EndpointHealth,
  intervalMs: number,
  now: number,
  random: number,
): number {
  if (health.retryAt !== null) return Math.max(health.retryAt - now, 1);
  const jitter = 1 - JITTER * random;
  return Math.max(Math.round(baseDelayMs(health, intervalMs) * jitter), 1);
}

function baseDelayMs(health: EndpointHealth, intervalMs: number): number {
  switch (health.state) {
    case 'unhealthy':
    case 'offline':
    case 'unknown':
      return Math.min(intervalMs, RECHECK_MS);
    case 'warming':
      return Math.min(intervalMs, CONFIRM_MS);
    case 'busy':
      return health.failures > 0 ? Math.min(intervalMs, CONFIRM_MS) : intervalMs;
    case 'healthy':
    case 'config_error':
    case 'rate_limited':
      return intervalMs;
  }
}
