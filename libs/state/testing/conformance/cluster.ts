import assert from 'node:assert/strict';
import type { SharedState } from '../../src/shared-state.ts';

/** What the suite needs of an adapter: processes of one cluster, connected. */
export interface ConformanceCluster {
  /** Three workers, on as many hosts as the adapter allows. */
  readonly workers: readonly [SharedState, SharedState, SharedState];
  readonly agents: readonly [SharedState, SharedState];
  /** Ends a worker as SIGKILL does: no goodbye. */
  crash(worker: SharedState): Promise<void>;
  close(): Promise<void>;
}

/** Makes the body of a test that has a cluster of its own. */
export type OnCluster = (body: (cluster: ConformanceCluster) => Promise<void>) => () => Promise<void>;

/** Of calls that reply as soon as they can: long enough for a machine that is busy with other tests. */
export const DEADLINE_MS = 5_000;
const PATIENCE_MS = 8_000;

/**
 * Waits until every subscription of these processes is in force: hosts know each other only once each listens to the
 * others, and what a process requests is replied to after its subscriptions have reached the hub.
 */
export async function inForce(states: readonly SharedState[]): Promise<void> {
  await until('all workers are known', () => states.every(({ directory }) => directory.peers().workers >= 3));
  await Promise.all(states.map(({ directory }) => directory.readInstances()));
}

export async function until(what: string, condition: () => boolean): Promise<void> {
  await untilValue(what, () => Promise.resolve(condition() ? true : null));
}

/** Tries until there is a value, and fails with what was waited for. */
export async function untilValue<T>(what: string, attempt: () => Promise<T | null>): Promise<T> {
  const deadlineMs = performance.now() + PATIENCE_MS;
  while (performance.now() < deadlineMs) {
    const value = await attempt();
    if (value !== null) return value;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  assert.fail(`waited in vain: ${what}`);
}
