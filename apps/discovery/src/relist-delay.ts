/** A model that was pulled is to be routable within about two seconds. */
const QUICK_MS = 1_500;
/** Lists take at most one part in this many of a server's time. */
const IDLE_SHARE = 20;

/**
 * Milliseconds until the models of an endpoint are listed again: soon, but the rarer the longer a list takes.
 *
 * @param tookMs duration of the last list
 * @param intervalMs `discovery.model_discovery.interval`, the longest pause
 */
export function relistDelayMs(tookMs: number, intervalMs: number): number {
  return Math.max(Math.min(Math.max(QUICK_MS, Math.round(tookMs * IDLE_SHARE)), intervalMs), 50);
}
