import { setTimeout as delay } from 'node:timers/promises';

const DEADLINE_MS = 5_000;

/** Waits for a condition that comes by itself; fails after 5 s. */
export async function until(holds: () => boolean): Promise<void> {
  const deadline = performance.now() + DEADLINE_MS;
  while (!holds()) {
    if (performance.now() > deadline)
      throw new Error(`still not so after ${DEADLINE_MS} ms: ${holds.toString()}`);
    await delay(1);
  }
}
