/** Time as the simulated servers see it, in milliseconds of the simulated world. */
export interface Clock {
  now(): number;
  /** Calls `fire` once after `delayMs`; the returned function takes it back. */
  after(delayMs: number, fire: () => void): () => void;
}

/** A clock on which one real second is `timeScale` simulated ones. */
export function createScaledClock(timeScale: number): Clock {
  const startedAt = performance.now();
  return {
    now: () => (performance.now() - startedAt) * timeScale,
    after(delayMs, fire) {
      const timer = setTimeout(fire, delayMs / timeScale);
      return () => clearTimeout(timer);
    },
  };
}
