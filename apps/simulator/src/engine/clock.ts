/** A source of simulated time, in milliseconds. */
export interface Clock {
  now(): number;
  /** Calls `fire` once after `delayMs`. The returned function cancels the call. */
  after(delayMs: number, fire: () => void): () => void;
}

/** Node treats a delay above this limit as 1 ms, so longer delays are cut to it. */
const MAX_TIMEOUT_MS = 2 ** 31 - 1;

export interface ScaledClock extends Clock {
  /** Cancels all timers, so that none keeps the process alive. */
  stop(): void;
}

/** A clock on which `timeScale` simulated seconds pass in each real second. */
export function createScaledClock(timeScale: number): ScaledClock {
  const startedAt = performance.now();
  const timers = new Set<NodeJS.Timeout>();
  return {
    now: () => (performance.now() - startedAt) * timeScale,
    after(delayMs, fire) {
      const timer = setTimeout(
        () => {
          timers.delete(timer);
          fire();
        },
        Math.min(Math.max(0, delayMs / timeScale), MAX_TIMEOUT_MS),
      );
      timers.add(timer);
      return () => {
        timers.delete(timer);
        clearTimeout(timer);
      };
    },
    stop() {
      for (const timer of timers) clearTimeout(timer);
      timers.clear();
    },
  };
}
