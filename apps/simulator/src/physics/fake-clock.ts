import type { Clock } from './clock.ts';

export interface FakeClock extends Clock {
  /** Moves time on, firing what is due in the order of its time. */
  advance(ms: number): void;
}

export function createFakeClock(): FakeClock {
  let now = 0;
  let order = 0;
  const timers = new Map<number, { at: number; fire: () => void }>();
  const nextDue = (until: number): [number, { at: number; fire: () => void }] | undefined => {
    let best: [number, { at: number; fire: () => void }] | undefined;
    for (const entry of timers) {
      if (entry[1].at <= until && (best === undefined || entry[1].at < best[1].at)) best = entry;
    }
    return best;
  };
  return {
    now: () => now,
    after(delayMs, fire) {
      const id = order++;
      timers.set(id, { at: now + Math.max(0, delayMs), fire });
      return () => timers.delete(id);
    },
    advance(ms) {
      const until = now + ms;
      for (let due = nextDue(until); due !== undefined; due = nextDue(until)) {
        timers.delete(due[0]);
        now = due[1].at;
        due[1].fire();
      }
      now = until;
    },
  };
}
