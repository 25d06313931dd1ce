import assert from 'node:assert/strict';
import { describe, test, type TestContext } from 'node:test';
import { EndpointView } from '@olla/core/route-plan/endpoint-view';
import { FleetLive } from '@olla/core/route-plan/fleet-live';
import type { RouteScope } from '@olla/core/route-plan/fleet-view';
import type { EndpointSnapshot, EndpointState, Snapshot } from '@olla/core/snapshot';
import type { Control, ControlChange } from '@olla/state/ports/control';
import { FleetRefresh } from './fleet-refresh.ts';

const ALL: RouteScope = { label: '/olla/proxy', types: null };

/** A shared state and an agent whose rounds the test controls. */
class World {
  readonly changes: ControlChange[] = [];
  isUnreachable = false;
  endpoints: readonly EndpointView[] = [];
  control: Control = { revision: 0, drained: {}, refresh: 0 };
  readonly #onSnapshot = new Set<(snapshot: Snapshot) => void>();
  readonly #onControl = new Set<(control: Control) => void>();
  #refresh = 0;

  refreshOf(t: TestContext, options: { timeoutMs?: number; listing?: boolean } = {}): FleetRefresh {
    const on =
      <T>(set: Set<(value: T) => void>) =>
      (listener: (value: T) => void): (() => void) => {
        set.add(listener);
        return () => set.delete(listener);
      };
    const refresh = new FleetRefresh({
      state: {
        self: { id: 'w' },
        control: {
          change: (change) => {
            if (this.isUnreachable) return Promise.reject(new Error('unreachable'));
            this.changes.push(change);
            return Promise.resolve(this.otherRefreshes());
          },
          onControl: on(this.#onControl),
        },
        snapshots: { onSnapshot: on(this.#onSnapshot) },
      },
      endpoints: () => this.endpoints,
      refreshCount: 0,
      log: { warn: () => undefined },
      timeoutMs: options.timeoutMs ?? 60_000,
      listing: options.listing ?? true,
    });
    t.after(() => refresh.close());
    return refresh;
  }

  otherRefreshes(): Control {
    this.#refresh += 1;
    const control = { revision: this.#refresh, drained: {}, refresh: this.#refresh };
    for (const listener of this.#onControl) listener(control);
    return control;
  }

  /** The agent publishes: name → state, when it was checked and its models were listed. */
  publish(
    endpoints: Record<string, [state: EndpointState, checkedAt: number, modelsAt: number | null]>,
  ): void {
    const input = { control: this.control, live: new FleetLive(0), concurrencyOf: () => 1 };
    this.endpoints = Object.entries(endpoints).map(([name, [state, checkedAt, modelsAt]], order) => {
      const settings = { name, key: name, type: 'ollama', priority: 1, weight: 1 } as const;
      const probed: EndpointSnapshot = {
        name,
        key: name,
        type: 'ollama',
        state,
        reason: '',
        since: 0,
        checkedAt,
        nextCheckAt: null,
        checkLatencyMs: null,
        modelsAt,
        listedAfterRefresh: 0,
        load: null,
        serverVersion: null,
      };
      return new EndpointView(input, settings, order, probed);
    });
    const snapshot: Snapshot = {
      version: { token: 1, n: 1 },
      publishedAt: 0,
      agent: 'a',
      catalog: { revision: 1, models: [] },
      endpoints: [],
    };
    for (const listener of this.#onSnapshot) listener(snapshot);
  }
}

/** A request that waits for the refresh. */
class WaitingCall {
  readonly #listeners: (() => void)[] = [];

  onAbort(listener: () => void): void {
    this.#listeners.push(listener);
  }

  abort(): void {
    for (const listener of this.#listeners) listener();
  }
}

/** Whether a promise is settled after all pending callbacks have run. */
async function isSettled(promise: Promise<unknown>): Promise<boolean> {
  let settled = false;
  void promise.then(() => (settled = true));
  await new Promise((resolve) => setImmediate(resolve));
  return settled;
}

describe('FleetRefresh', () => {
  test('requests one round for many requests, and ends the wait when every endpoint of the route was checked', async (t) => {
    const world = new World();
    world.publish({ a: ['healthy', 1, 1], b: ['offline', 1, 1] });
    const refresh = world.refreshOf(t);
    const waiting = Array.from({ length: 50 }, () => refresh.refreshed(new WaitingCall(), ALL));
    assert.equal(world.changes.length, 1);
    world.publish({ a: ['healthy', 2, 1], b: ['offline', 1, 1] });
    world.publish({ a: ['healthy', 2, 2], b: ['offline', 1, 1] });
    assert.equal(await isSettled(waiting[0] ?? assert.fail()), false);
    world.publish({ a: ['healthy', 2, 2], b: ['offline', 2, 1] });
    assert.deepEqual(new Set(await Promise.all(waiting)), new Set(['done']));
    // The round is recent, so its result is valid for the next request too.
    assert.equal(await refresh.refreshed(new WaitingCall(), ALL), 'done');
    assert.equal(world.changes.length, 1);
  });

  test('waits for a check of a drained endpoint, not for its models', async (t) => {
    const world = new World();
    world.control = { revision: 1, drained: { b: { by: 'ann', at: 1 } }, refresh: 0 };
    world.publish({ a: ['healthy', 1, 1], b: ['healthy', 1, 1] });
    const waiting = world.refreshOf(t).refreshed(new WaitingCall(), ALL);
    world.publish({ a: ['healthy', 1, 2], b: ['healthy', 1, 1] });
    assert.equal(await isSettled(waiting), false);
    world.publish({ a: ['healthy', 1, 2], b: ['healthy', 2, 1] });
    await waiting;
  });

  test('does not wait for endpoints of other routes', async (t) => {
    const world = new World();
    world.publish({ a: ['healthy', 1, 1] });
    await world.refreshOf(t).refreshed(new WaitingCall(), { label: '/olla/vllm', types: new Set(['vllm']) });
  });

  test('joins a round that another worker requested', async (t) => {
    const world = new World();
    world.publish({ a: ['healthy', 1, 1] });
    const refresh = world.refreshOf(t);
    world.otherRefreshes();
    const waiting = refresh.refreshed(new WaitingCall(), ALL);
    assert.equal(await isSettled(waiting), false);
    assert.equal(world.changes.length, 0);
    world.publish({ a: ['healthy', 1, 2] });
    await waiting;
  });

  test('ends the wait when the client leaves, the store is unreachable, the time is over or models are not listed', async (t) => {
    const world = new World();
    world.publish({ a: ['healthy', 1, 1] });
    const left = new WaitingCall();
    const waiting = world.refreshOf(t).refreshed(left, ALL);
    left.abort();
    assert.equal(await waiting, 'failed');
    const ended = (options?: Parameters<typeof world.refreshOf>[1]) =>
      world.refreshOf(t, options).refreshed(new WaitingCall(), ALL);
    assert.equal(await ended({ timeoutMs: 1 }), 'failed');
    assert.equal(await ended({ listing: false }), 'failed');
    world.isUnreachable = true;
    assert.equal(await ended(), 'failed');
  });

  test('requests one round for changes that end together, and misses none', async (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] });
    const world = new World();
    const refresh = world.refreshOf(t);
    for (let i = 0; i < 5; i += 1) refresh.changed();
    t.mock.timers.tick(0);
    assert.equal(world.changes.length, 1);
    for (let i = 0; i < 5; i += 1) refresh.changed();
    t.mock.timers.tick(1);
    assert.equal(world.changes.length, 1);
    t.mock.timers.tick(200);
    assert.equal(world.changes.length, 2);
  });
});
