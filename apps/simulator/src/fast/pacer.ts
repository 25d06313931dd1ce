/** Calls many streams at one pace with few timers: those of one phase share a tick. */
export interface Pacer {
  /** Calls `tick` each interval until it returns false or the returned function is called. */
  add(tick: () => boolean): () => void;
  close(): void;
}

const PHASES = 8;

export function createPacer(intervalMs: number): Pacer {
  const phases = Array.from({ length: PHASES }, () => new Set<() => boolean>());
  let at = 0;
  let next = 0;
  let timer: NodeJS.Timeout | undefined;
  let count = 0;
  const run = (): void => {
    const phase = phases[at] as Set<() => boolean>;
    at = (at + 1) % PHASES;
    for (const tick of phase) {
      if (!tick() && phase.delete(tick)) count--;
    }
    if (count > 0) return;
    clearInterval(timer);
    timer = undefined;
  };
  return {
    add(tick) {
      const phase = phases[next] as Set<() => boolean>;
      next = (next + 1) % PHASES;
      phase.add(tick);
      count++;
      timer ??= setInterval(run, intervalMs / PHASES);
      return () => {
        if (phase.delete(tick)) count--;
      };
    },
    close: () => clearInterval(timer),
  };
}
