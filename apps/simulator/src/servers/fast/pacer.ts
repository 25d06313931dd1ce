/** Calls many functions at one interval with a single timer. Functions of the same phase share a tick. */
export interface Pacer {
  /** Calls `tick` once per interval until it returns false. The returned function stops it. */
  add(tick: () => boolean): () => void;
  close(): void;
}

const PHASES = 8;

export function createPacer(intervalMs: number): Pacer {
  const phases = Array.from({ length: PHASES }, () => new Set<() => boolean>());
  let currentPhase = 0;
  let nextPhase = 0;
  let timer: NodeJS.Timeout | undefined;
  let count = 0;
  const run = (): void => {
    const phase = phases[currentPhase];
    currentPhase = (currentPhase + 1) % PHASES;
    for (const tick of phase ?? []) {
      if (!tick() && phase?.delete(tick) === true) count--;
    }
    if (count > 0) return;
    clearInterval(timer);
    timer = undefined;
  };
  return {
    add(tick) {
      const phase = phases[nextPhase];
      nextPhase = (nextPhase + 1) % PHASES;
      phase?.add(tick);
      count++;
      timer ??= setInterval(run, intervalMs / PHASES);
      return () => {
        if (phase?.delete(tick) === true) count--;
      };
    },
    close: () => clearInterval(timer),
  };
}
