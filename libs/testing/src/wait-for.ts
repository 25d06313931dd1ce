import { setTimeout as delay } from 'node:timers/promises';

export interface WaitOptions {
  /** Names the condition in the error's message. */
  describe: string;
  /** Default 10 s. */
  timeoutMs?: number;
  /** Pause between two checks; default 20 ms. */
  intervalMs?: number;
}

/**
 * Checks a condition until it gives a truthy value, and returns that. A condition that throws counts as not yet met;
 * its last error is the cause of the error at the deadline.
 */
export async function waitFor<T>(
  condition: () => T | Promise<T>,
  { describe, timeoutMs = 10_000, intervalMs = 20 }: WaitOptions,
): Promise<NonNullable<T>> {
  const deadlineMs = performance.now() + timeoutMs;
  let lastError: unknown;
  for (;;) {
    try {
      const value = await condition();
      if (value) return value as NonNullable<T>;
      lastError = undefined;
    } catch (error) {
      lastError = error;
    }
    if (performance.now() > deadlineMs) {
      const reason = lastError instanceof Error ? `: ${lastError.message}` : '';
      throw new Error(`waited ${timeoutMs} ms for ${describe}${reason}`, { cause: lastError });
    }
    await delay(intervalMs);
  }
}
