import assert from 'node:assert/strict';
import type { SharedState } from '../../src/shared-state.ts';

/** The connected processes of one cluster, which an adapter provides to the suite. */
export interface ConformanceCluster {
  /** Three workers, on as many hosts as the adapter allows. */
  readonly workers: readonly [SharedState, SharedState, SharedState];
  readonly agents: readonly [SharedState, SharedState];
  /** Ends a worker without notice, as SIGKILL does. */
  crash(worker: SharedState): Promise<void>;
  close(): Promise<void>;
}

/** Makes the body of a test with its own cluster. */
export type OnCluster = (body: (cluster: ConformanceCluster) => Promise<void>) => () => Promise<void>;

/** Deadline of calls that reply at once, long enough for a machine that is busy with other tests. */
export const DEADLINE_MS = 5_000;
const PATIENCE_MS = 8_000;

/**
 * Waits until every subscription of these processes is in force. Hosts know each other only once each is subscribed to
 * the others' messages, and a reply to a process means that its earlier subscriptions have reached the hub.
 */
export async function inForce(states: readonly SharedState[]): Promise<void> {
  await until('all workers are known', () => states.every(({ directory }) => directory.peers().workers >= 3));
  await Promise.all(states.map(({ directory }) => directory.readInstances()));
}

export async function until(what: string, condition: () => boolean): Promise<void> {
  await untilValue(what, () => Promise.resolve(condition() ? true : null));
}

/** Reads until there is a value; fails with a description of the value after the deadline. */
export async function untilValue<T>(what: string, attempt: () => Promise<T | null>): Promise<T> {
  const deadlineMs = performance.now() + PATIENCE_MS;
  while (performance.now() < deadlineMs) {
    const value = await attempt();
    if (value !== null) return value;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  assert.fail(`timed out waiting for ${what}`);
}
