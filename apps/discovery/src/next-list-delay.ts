/** A model that was pulled can then be routed to within about two seconds. */
const QUICK_MS = 1_500;
/** A list takes at most one part in this many of a server's time. */
const IDLE_SHARE = 20;
const MIN_DELAY_MS = 50;

/**
 * Milliseconds until the agent lists the models of an endpoint again: short where a list is quick, longer where it
 * takes the server long.
 *
 * @param tookMs duration of the last list
 * @param intervalMs `discovery.model_discovery.interval`, the longest delay
 */
export function nextListDelayMs(tookMs: number, intervalMs: number): number {
  return Math.max(Math.min(Math.max(QUICK_MS, Math.round(tookMs * IDLE_SHARE)), intervalMs), MIN_DELAY_MS);
}
