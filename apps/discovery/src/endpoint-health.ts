import type { HealthVerdict } from '@olla/backends/profile';
import { ROUTABLE_STATES } from '@olla/core/snapshot';
import type { EndpointState } from '@olla/core/snapshot';

/** What is known of an endpoint's health. Pure data; `nextHealth` makes the next of it. */
export interface EndpointHealth {
  readonly state: EndpointState;
  readonly reason: string;
  /** Epoch milliseconds. */
  readonly since: number;
  readonly checkedAt: number | null;
  readonly latencyMs: number | null;
  /** Good checks in a row, and bad ones. */
  readonly successes: number;
  readonly failures: number;
  /** Not to be asked before; epoch milliseconds. */
  readonly retryAt: number | null;
}

export type CheckOutcome =
  | { readonly kind: 'ok'; readonly latencyMs: number }
  | {
      readonly kind: 'refused';
      readonly verdict: Exclude<HealthVerdict, { ok: true }>;
      readonly latencyMs: number;
    }
  /** No connection. */
  | { readonly kind: 'unreachable'; readonly reason: string }
  /** A connection, and no answer in time or half of one. */
  | { readonly kind: 'silent'; readonly reason: string };

/** Good checks that end `warming`. */
const WARM_AFTER = 2;
/** Answers slower than this share of the check's timeout mark a busy endpoint. */
const SLOW_SHARE = 0.5;
/** An endpoint that does not serve is asked at least this often, so that it comes back within seconds. */
const RECHECK_MS = 2_000;
/** An endpoint that is on its way up or down is asked again soon. */
const CONFIRM_MS = 1_000;
const DEFAULT_RETRY_AFTER_MS = 10_000;
const JITTER = 0.1;

export function unknownHealth(now: number): EndpointHealth {
  return {
    state: 'unknown',
    reason: 'not checked yet',
    since: now,
    checkedAt: null,
    latencyMs: null,
    successes: 0,
    failures: 0,
    retryAt: null,
  };
}

export function isRoutable(state: EndpointState): boolean {
  return ROUTABLE_STATES.has(state);
}

/** The health after a check. */
export function nextHealth(
  previous: EndpointHealth,
  outcome: CheckOutcome,
  { now, timeoutMs }: { readonly now: number; readonly timeoutMs: number },
): EndpointHealth {
  const { state, reason, retryAt } = judge(previous, outcome, now, timeoutMs);
  const good = outcome.kind === 'ok';
  return {
    state,
    reason,
    retryAt,
    since: state === previous.state ? previous.since : now,
    checkedAt: now,
    latencyMs: 'latencyMs' in outcome ? outcome.latencyMs : null,
    successes: good ? previous.successes + 1 : 0,
    failures: good ? 0 : previous.failures + 1,
  };
}

type Judgement = Pick<EndpointHealth, 'state' | 'reason' | 'retryAt'>;

function judge(previous: EndpointHealth, outcome: CheckOutcome, now: number, timeoutMs: number): Judgement {
  switch (outcome.kind) {
    case 'ok':
      return judgeAnswer(previous, outcome.latencyMs, timeoutMs);
    case 'refused': {
      const { state, reason, retryAfterMs } = outcome.verdict;
      const retryAt = state === 'rate_limited' ? now + (retryAfterMs ?? DEFAULT_RETRY_AFTER_MS) : null;
      return { state, reason, retryAt };
    }
    case 'unreachable':
      return { state: 'offline', reason: outcome.reason, retryAt: null };
    case 'silent': {
      // One silent check of a serving endpoint may be a server deep in work; the next one decides.
      const state = isRoutable(previous.state) && previous.failures === 0 ? 'busy' : 'unhealthy';
      return { state, reason: outcome.reason, retryAt: null };
    }
  }
}

function judgeAnswer(previous: EndpointHealth, latencyMs: number, timeoutMs: number): Judgement {
  if (previous.state !== 'unknown') {
    const comesBack = !isRoutable(previous.state);
    const stillWarming = previous.state === 'warming' && previous.successes + 1 < WARM_AFTER;
    if (comesBack || stillWarming) return { state: 'warming', reason: 'coming back', retryAt: null };
  }
  if (latencyMs <= timeoutMs * SLOW_SHARE) return { state: 'healthy', reason: '', retryAt: null };
  return {
    state: 'busy',
    reason: `took ${Math.round(latencyMs)} ms to answer the health check`,
    retryAt: null,
  };
}

/**
 * Milliseconds until the next check. Never longer than the configured interval, but for a backend that named a time.
 *
 * @param random 0 to 1, spreads the checks of many endpoints
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
