/** A model that was pulled behind the gateway's back can then be routed to within about two seconds. */
const QUICK_MS = 1_500;
/** Most lists within the interval of a server whose models change by themselves. */
const LOOKS_PER_INTERVAL = 200;
/** Lists take at most one part in this many of a server's time. */
const IDLE_SHARE = 20;
const MIN_DELAY_MS = 50;
/** Longest delay until the next try after a failed list. */
const FAILED_MS = 30_000;
/** Lists come up to this share earlier, so that those of many endpoints spread out. */
export const JITTER = 0.1;

export interface ListTiming {
  /** `discovery.model_discovery.interval`: the longest delay. */
  readonly intervalMs: number;
  /** Whether its models may change at any time, and a list costs nothing. */
  readonly isQuick: boolean;
  /** Duration of the last list. */
  readonly tookMs: number;
  readonly failed: boolean;
}

/**
 * Milliseconds until the agent lists the models of an endpoint again.
 *
 * @param random 0 to 1
 */
export function nextListDelayMs({ intervalMs, isQuick, tookMs, failed }: ListTiming, random: number): number {
  const quickMs = Math.max(QUICK_MS, intervalMs / LOOKS_PER_INTERVAL, tookMs * IDLE_SHARE);
  const wantedMs = isQuick ? quickMs : failed ? FAILED_MS : intervalMs;
  return Math.round(Math.max(Math.min(wantedMs, intervalMs) * (1 - JITTER * random), MIN_DELAY_MS));
}
