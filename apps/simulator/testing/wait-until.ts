import { setTimeout as delay } from 'node:timers/promises';

const DEADLINE_MS = 5_000;

/** Waits until a condition holds. Rejects after 5 s. */
export async function waitUntil(holds: () => boolean): Promise<void> {
  const deadline = performance.now() + DEADLINE_MS;
  while (!holds()) {
    if (performance.now() > deadline)
      throw new Error(`the condition did not hold within ${DEADLINE_MS} ms: ${holds.toString()}`);
    await delay(1);
  }
}
