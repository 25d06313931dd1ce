/** Time as the simulated servers see it, in milliseconds of the simulated world. */
export interface Clock {
  now(): number;
  /** Calls `fire` once after `delayMs`; the returned function takes it back. */
  after(delayMs: number, fire: () => void): () => void;
}

/** Node takes a longer delay for none at all. */
const LONGEST_TIMEOUT_MS = 2 ** 31 - 1;

export interface ScaledClock extends Clock {
  /** Takes back all timers, so that nothing keeps the process alive. */
  stop(): void;
}

/** A clock on which one real second is `timeScale` simulated ones. */
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
        Math.min(Math.max(0, delayMs / timeScale), LONGEST_TIMEOUT_MS),
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
