import type { Clock } from '../src/engine/clock.ts';

export interface FakeClock extends Clock {
  /** Moves time forward and fires each due timer at its own time, earliest first. */
  advance(ms: number): void;
}

interface Timer {
  readonly at: number;
  readonly fire: () => void;
}

export function createFakeClock(): FakeClock {
  let now = 0;
  const timers = new Set<Timer>();
  const nextDue = (end: number): Timer | undefined => {
    let next: Timer | undefined;
    for (const timer of timers) {
      if (timer.at <= end && (next === undefined || timer.at < next.at)) next = timer;
    }
    return next;
  };
  return {
    now: () => now,
    after(delayMs, fire) {
      const timer = { at: now + Math.max(0, delayMs), fire };
      timers.add(timer);
      return () => timers.delete(timer);
    },
    advance(ms) {
      const end = now + ms;
      for (let timer = nextDue(end); timer !== undefined; timer = nextDue(end)) {
        timers.delete(timer);
        now = timer.at;
        timer.fire();
      }
      now = end;
    },
  };
}
