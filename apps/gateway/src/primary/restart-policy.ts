/** Delays between the starts of a child that keeps crashing. */
export const FIRST_RESTART_DELAY_MS = 100;
export const LAST_RESTART_DELAY_MS = 10_000;
/** A child that lived this long starts again as if it had never crashed. */
export const STABLE_AFTER_MS = 30_000;

/**
 * How long to wait before a crashed child is started again: doubling from a tenth of a second to ten seconds, so that
 * a single crash costs little time, and a lasting fault does not use up a core.
 *
 * @param crashes crashes in a row before this one, each within STABLE_AFTER_MS of its start
 */
export function restartDelayMs(crashes: number): number {
  return Math.min(LAST_RESTART_DELAY_MS, FIRST_RESTART_DELAY_MS * 2 ** Math.min(crashes, 20));
}

/** @returns crashes in a row including one now, of a child that lived for `lifetimeMs` */
export function countCrash(crashes: number, lifetimeMs: number): number {
  return lifetimeMs >= STABLE_AFTER_MS ? 0 : crashes + 1;
}
