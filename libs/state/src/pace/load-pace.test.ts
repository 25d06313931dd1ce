import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { VirtualClock } from '../../testing/virtual-clock.ts';
import type { LoadChanges } from '../protocol/operations.ts';
import { LOAD_INTERVAL_MS, LoadPace } from './load-pace.ts';

const RELAXED_MS = 100;

class World {
  readonly clock = new VirtualClock();
  readonly messages: LoadChanges[] = [];
  isAlone = false;
  isStuck = false;
  readonly pace = new LoadPace({
    isAlone: () => this.isAlone,
    send: (changes) => {
      if (!this.isStuck) this.messages.push(changes);
      return !this.isStuck;
    },
    clock: this.clock,
  });

  /** Runs a request of this duration. */
  async request(ms: number): Promise<void> {
    this.pace.set('e', 1);
    await this.clock.run(ms);
    this.pace.set('e', 0);
  }

  /** The counts that the other side has received so far. */
  known(): Record<string, number> {
    const counts = new Map(this.messages.flatMap((changes) => Object.entries(changes)));
    return Object.fromEntries([...counts].filter(([, count]) => count !== 0));
  }
}

describe('the pace of in-flight counts', () => {
  test('sends a change within its interval', async () => {
    const world = new World();
    await world.clock.run(1_000);
    world.pace.set('e', 1);
    await world.clock.run(LOAD_INTERVAL_MS);
    assert.deepEqual(world.messages, [{ e: 1 }]);
    world.pace.set('e', 2);
    world.pace.set('f', 1);
    await world.clock.run(LOAD_INTERVAL_MS);
    assert.deepEqual(world.messages, [{ e: 1 }, { e: 2, f: 1 }]);
  });

  test('sends nothing while nothing changes, and keeps no timer then', async () => {
    const world = new World();
    world.pace.set('e', 1);
    await world.clock.run(10_000);
    assert.equal(world.messages.length, 1);
    assert.equal(world.clock.isWaiting, false);
    world.pace.set('e', 1);
    assert.equal(world.clock.isWaiting, false);
  });

  test('does not send the count of a request that ended before the next tick', async () => {
    const world = new World();
    await world.request(1);
    await world.clock.run(1_000);
    assert.deepEqual(world.messages, []);
  });

  test('starts one timer, however many requests come and go', async () => {
    const world = new World();
    for (let i = 0; i < 1_000; i += 1) await world.request(1);
    assert.equal(world.clock.started, 1);
  });

  test('sends at most 10 times a second without other workers', async () => {
    const world = new World();
    world.isAlone = true;
    for (let i = 0; i < 100; i += 1) {
      world.pace.set('e', i + 1);
      await world.clock.run(10);
    }
    await world.clock.run(RELAXED_MS);
    assert.ok(world.messages.length <= 11, `${world.messages.length} messages`);
    assert.deepEqual(world.known(), { e: 100 });
  });

  test('sends at most 10 times a second while requests are short', async () => {
    const world = new World();
    for (let i = 0; i < 1_000; i += 1) {
      world.pace.set('e', 2);
      await world.clock.run(1);
      world.pace.set('e', 1);
    }
    await world.clock.run(RELAXED_MS);
    assert.ok(world.messages.length <= 11, `${world.messages.length} messages`);
    assert.deepEqual(world.known(), { e: 1 });
  });

  test('sends a change later when it could not be sent', async () => {
    const world = new World();
    world.isStuck = true;
    world.pace.set('e', 3);
    await world.clock.run(1_000);
    assert.equal(world.clock.isWaiting, false);
    world.isStuck = false;
    world.pace.resume();
    await world.clock.run(LOAD_INTERVAL_MS);
    assert.deepEqual(world.messages, [{ e: 3 }]);
  });

  test('sends nothing once it is closed', async () => {
    const world = new World();
    world.pace.set('e', 1);
    world.pace.close();
    world.pace.set('e', 2);
    await world.clock.run(1_000);
    assert.deepEqual(world.messages, []);
    assert.equal(world.clock.isWaiting, false);
  });

  test('leaves the other side with the current counts after any sequence of changes', async () => {
    const step = fc.record({
      key: fc.constantFrom('a', 'b', 'c'),
      count: fc.nat(3),
      waitMs: fc.nat(12),
      isStuck: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
        const world = new World();
        const counts: Record<string, number> = {};
        for (const { key, count, waitMs, isStuck } of steps) {
          world.isStuck = isStuck;
          counts[key] = count;
          world.pace.set(key, count);
          await world.clock.run(waitMs);
        }
        world.isStuck = false;
        world.pace.resume();
        await world.clock.run(RELAXED_MS);
        const expected = Object.fromEntries(Object.entries(counts).filter(([, count]) => count !== 0));
        assert.deepEqual(world.known(), expected);
      }),
      { numRuns: 50 },
    );
  });
});
