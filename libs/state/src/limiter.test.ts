import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { VirtualWorld } from '../testing/virtual-world.ts';
import type { Limiter } from './limiter.ts';
import type { Admission, LimitSpec } from './limiter/admission.ts';
import { LEASE_DEADLINE_MS, PRIMARY_DEADLINE_MS } from './limiter/lease-sources.ts';

const LATENCY_MS = 1;

describe('limiter', () => {
  test('requests the tokens of all limits in one message, and reports the tokens left', async () => {
    const world = new VirtualWorld(LATENCY_MS);
    const { limiter } = world.addWorker();
    const pending = limiter.admit([limit('global', 1_000, 50), limit('ip:1', 100, 20)]);
    assert.ok(pending instanceof Promise);
    await world.clock.run(10);
    assert.equal(world.requests, 1);
    const expected = {
      admitted: true,
      refusedBy: null,
      limit: 100,
      remaining: 19,
      retryAfterMs: 0,
      waited: true,
    };
    const { resetMs, ...rest } = await pending;
    assert.deepEqual(rest, expected);
    assert.ok(resetMs > 590 && resetMs <= 600);
  });

  test('admits requests of a busy key at once from leased tokens', async () => {
    const world = new VirtualWorld(LATENCY_MS);
    const { limiter } = world.addWorker();
    const global = [limit('global', 60_000, 5_000)];
    let immediate = 0;
    for (let i = 0; i < 1_000; i += 1) {
      const admission = limiter.admit(global);
      if (!(admission instanceof Promise)) immediate += 1;
      await world.clock.run(1);
    }
    assert.ok(immediate > 900, `${immediate} of 1000 without a message`);
    assert.ok(world.messages < 120, `${world.messages} messages`);
  });

  test('sends one message for requests that wait for the same key', async () => {
    const world = new VirtualWorld(LATENCY_MS);
    const { limiter } = world.addWorker();
    const outcomes = collect(Array.from({ length: 30 }, () => limiter.admit([limit('global', 60, 40)])));
    await world.clock.run(20);
    assert.deepEqual(
      outcomes.map((admission) => admission.admitted),
      new Array(30).fill(true),
    );
    assert.equal(world.requests, 2);
  });

  test('takes no token of other limits when one refuses', async () => {
    const world = new VirtualWorld(LATENCY_MS);
    const { limiter } = world.addWorker();
    const outcomes: Admission[] = [];
    for (let i = 0; i < 10; i += 1) {
      outcomes.push(
        ...(await outcomesOf(world, limiter.admit([limit('global', 1, 10), limit('ip:1', 1, 2)]))),
      );
    }
    assert.equal(outcomes.filter((admission) => admission.admitted).length, 2);
    assert.equal(outcomes[9]?.refusedBy?.key, 'ip:1');
    const others = collect(
      Array.from({ length: 9 }, (_, i) => limiter.admit([limit('global', 1, 10), limit(`ip:2${i}`, 1, 5)])),
    );
    await world.clock.run(1_000);
    assert.equal(others.filter((admission) => admission.admitted).length, 8);
    assert.equal(others.find((admission) => !admission.admitted)?.refusedBy?.key, 'global');
  });

  test('refuses without a message until a token is due', async () => {
    const world = new VirtualWorld(LATENCY_MS);
    const { limiter } = world.addWorker();
    const one = [limit('ip:1', 60, 1)];
    await outcomesOf(world, limiter.admit(one));
    const [refused] = await outcomesOf(world, limiter.admit(one));
    assert.ok(refused !== undefined && !refused.admitted && refused.retryAfterMs <= 1_000);
    const { requests } = world;
    const again = limiter.admit(one);
    assert.ok(!(again instanceof Promise) && !again.admitted && !again.waited);
    assert.equal(world.requests, requests);
    await world.clock.run(refused.retryAfterMs);
    const [admitted] = await outcomesOf(world, limiter.admit(one));
    assert.equal(admitted?.admitted, true);
  });

  test('returns unspent tokens after 100 ms without use', async () => {
    const world = new VirtualWorld(LATENCY_MS);
    const { limiter } = world.addWorker();
    await spendUntilBusy(world, limiter, 20);
    await world.clock.run(130);
    const [grant] = world.buckets.take({
      holder: 'other',
      requests: [{ ...limit('global', 1, 100), need: 0, spare: 0 }],
      liveWorkers: 1,
    });
    assert.deepEqual([grant?.stranded, grant?.remaining], [0, 80]);
  });

  test('refuses no request while other workers hold unspent tokens', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 4 }),
        fc.integer({ min: 1, max: 30 }),
        fc.nat(90),
        async (hoarders, each, pauseMs) => {
          const world = new VirtualWorld(LATENCY_MS);
          const workers = Array.from({ length: hoarders + 1 }, () => world.addWorker());
          for (const { limiter } of workers.slice(1))
            await spendUntilBusy(world, limiter, Math.floor(each / hoarders));
          await world.clock.run(pauseMs);
          const spent = Math.floor(each / hoarders) * hoarders;
          const first = workers[0]?.limiter as Limiter;
          const outcomes = collect(Array.from({ length: 100 }, () => first.admit([limit('global', 1, 100)])));
          await world.clock.run(400);
          assert.equal(outcomes.length, 100);
          assert.equal(outcomes.filter((admission) => admission.admitted).length, 100 - spent);
        },
      ),
      { numRuns: 40 },
    );
  });

  test('admits no more than rate × time + capacity over all workers, crashes included', async () => {
    await fc.assert(fc.asyncProperty(trafficOf, checkTraffic), { numRuns: 60 });
  });

  test('uses the configured fallback after one deadline at most', async () => {
    for (const [onStateLoss, expected] of [
      ['open', 10],
      ['closed', 0],
      ['local', 4],
    ] as const) {
      const world = new VirtualWorld(LATENCY_MS);
      const { limiter } = world.addWorker(onStateLoss);
      world.addWorker();
      world.isStoreDown = true;
      const outcomes = collect(Array.from({ length: 10 }, () => limiter.admit([limit('global', 1, 8)])));
      await world.clock.run(PRIMARY_DEADLINE_MS + 1);
      assert.equal(outcomes.length, 10);
      assert.equal(outcomes.filter((admission) => admission.admitted).length, expected, onStateLoss);
    }
  });

  test('admits no more than the limit when the primary replies late', async () => {
    const world = new VirtualWorld(LATENCY_MS);
    const workers = [world.addWorker().limiter, world.addWorker().limiter];
    const all = async (): Promise<number> => {
      const outcomes = workers.map((limiter) =>
        collect(Array.from({ length: 20 }, () => limiter.admit([limit('global', 1, 8)]))),
      );
      await world.clock.run(2_000);
      return outcomes.flat().filter((admission) => admission.admitted).length;
    };
    assert.equal(await all(), 8);
    world.latencyMs = 200;
    assert.equal(await all(), 0);
  });

  test('lets only requests under way wait for a store that hangs, and uses the store again when it is back', async () => {
    const world = new VirtualWorld(LATENCY_MS);
    const { limiter } = world.addWorker('open');
    world.isStoreDown = true;
    const under = collect([limiter.admit([limit('ip:1', 1, 8)]), limiter.admit([limit('ip:2', 1, 8)])]);
    await world.clock.run(PRIMARY_DEADLINE_MS - 1);
    assert.equal(under.length, 0);
    await world.clock.run(1);
    assert.equal(under.length, 2);
    const { requests } = world;
    for (let i = 0; i < 100; i += 1) {
      const later = collect([limiter.admit([limit(`ip:${i}`, 1, 8)])]);
      await world.clock.run(0);
      assert.equal(later[0]?.admitted, true, `request ${i} waited`);
      await world.clock.run(10);
    }
    assert.ok(
      world.requests - requests <= 5,
      `${world.requests - requests} messages in a second to a store that hangs`,
    );
    world.isStoreDown = false;
    for (let i = 0; i < 50; i += 1) {
      void limiter.admit([limit(`ip:${i}`, 1, 8)]);
      await world.clock.run(10);
    }
    const back = await outcomesOf(world, limiter.admit([limit('ip:z', 1, 8)]));
    assert.equal(back[0]?.remaining, 7);
  });

  test('waits for one deadline when both Redis and the primary hang, and not at all after it', async () => {
    const world = new VirtualWorld(LATENCY_MS, 'redis');
    const { limiter } = world.addWorker();
    world.isStoreDown = true;
    world.isHostDown = true;
    const first = collect([limiter.admit([limit('global', 1, 8)])]);
    await world.clock.run(LEASE_DEADLINE_MS + PRIMARY_DEADLINE_MS);
    assert.equal(first.length, 1);
    const later = collect([limiter.admit([limit('global', 1, 8)])]);
    await world.clock.run(0);
    assert.equal(later[0]?.admitted, true);
  });

  test('admits no more than the share of the host when its primary replies late during an outage', async () => {
    const world = new VirtualWorld(60, 'redis');
    const { limiter } = world.addWorker();
    world.addWorker();
    world.isStoreDown = true;
    const admit = async (requests: number): Promise<number> => {
      const outcomes = collect(
        Array.from({ length: requests }, () => limiter.admit([limit('global', 1, 8)])),
      );
      await world.clock.run(2_000);
      assert.equal(outcomes.length, requests);
      return outcomes.filter((admission) => admission.admitted).length;
    };
    const first = await admit(1);
    world.latencyMs = LATENCY_MS;
    // Half of the limit, because there are two gateways.
    assert.equal(first + (await admit(20)) + (await admit(20)), 4);
  });

  test("starts its host's share with a part of the store's last level", async () => {
    const world = new VirtualWorld(LATENCY_MS, 'redis');
    const { limiter } = world.addWorker();
    collect(Array.from({ length: 60 }, () => limiter.admit([limit('global', 1, 100)])));
    await world.clock.run(200);
    world.isStoreDown = true;
    const outcomes = collect(Array.from({ length: 60 }, () => limiter.admit([limit('global', 1, 100)])));
    await world.clock.run(200);
    assert.equal(outcomes.length, 60);
    // About 40 tokens are left (one or two may be leased), half of them for each of two gateways.
    const admitted = outcomes.filter((outcome) => outcome.admitted).length;
    assert.ok(admitted >= 18 && admitted <= 20, `${admitted}`);
  });

  test('drops the keys of addresses that send no more requests', async () => {
    const world = new VirtualWorld(LATENCY_MS);
    const { limiter } = world.addWorker();
    for (let i = 0; i < 300; i += 1) void limiter.admit([limit(`ip:${i}`, 100, 50)]);
    await world.clock.run(100);
    assert.equal(limiter.keyCount, 300);
    await world.clock.run(15_000);
    assert.equal(limiter.keyCount, 0);
  });

  test('returns all leases when it is closed', async () => {
    const world = new VirtualWorld(LATENCY_MS);
    const { limiter } = world.addWorker();
    await spendUntilBusy(world, limiter, 20);
    limiter.close();
    await world.clock.run(5);
    const [grant] = world.buckets.take({
      holder: 'other',
      requests: [{ ...limit('global', 1, 100), need: 0, spare: 0 }],
      liveWorkers: 1,
    });
    assert.deepEqual([grant?.stranded, grant?.remaining], [0, 80]);
  });
});

function limit(key: string, ratePerMinute: number, capacity: number): LimitSpec {
  return { name: key === 'global' ? 'global' : 'per_ip', key, ratePerMinute, capacity };
}

/** Collects the admissions in the order of their decisions. */
function collect(pending: readonly (Admission | Promise<Admission>)[]): Admission[] {
  const outcomes: Admission[] = [];
  for (const one of pending) void Promise.resolve(one).then((admission) => outcomes.push(admission));
  return outcomes;
}

async function outcomesOf(
  world: VirtualWorld,
  pending: Admission | Promise<Admission>,
): Promise<Admission[]> {
  const outcomes = collect([pending]);
  await world.clock.run(200);
  return outcomes;
}

/** Spends on `global` (1 a minute, capacity 100) until the worker holds spare tokens. */
async function spendUntilBusy(world: VirtualWorld, limiter: Limiter, times: number): Promise<void> {
  for (let i = 0; i < times; i += 1) {
    void limiter.admit([limit('global', 1, 100)]);
    await world.clock.run(3);
  }
}

const trafficOf = fc.record({
  rate: fc.integer({ min: 30, max: 3_000 }),
  capacity: fc.integer({ min: 1, max: 60 }),
  latencyMs: fc.integer({ min: 0, max: 4 }),
  steps: fc.array(
    fc.record({
      worker: fc.nat(3),
      requests: fc.integer({ min: 1, max: 15 }),
      pauseMs: fc.nat(120),
      crash: fc.nat(40),
    }),
    { minLength: 5, maxLength: 50 },
  ),
});

type Traffic = typeof trafficOf extends fc.Arbitrary<infer T> ? T : never;

async function checkTraffic({ rate, capacity, latencyMs, steps }: Traffic): Promise<void> {
  const world = new VirtualWorld(latencyMs);
  const workers = Array.from({ length: 4 }, () => world.addWorker());
  const admittedAtMs: number[] = [];
  for (const { worker, requests, pauseMs, crash } of steps) {
    const { id, limiter } = workers[worker] as (typeof workers)[number];
    for (let i = 0; i < requests; i += 1) {
      const limits = [limit('global', rate, capacity), limit(`ip:${i % 3}`, rate, capacity)];
      void Promise.resolve(limiter.admit(limits)).then((admission) => {
        if (admission.admitted) admittedAtMs.push(world.clock.nowMs());
      });
    }
    await world.clock.run(pauseMs);
    if (crash === 0) {
      world.crash(id);
      limiter.close();
      workers[worker] = world.addWorker();
    }
  }
  await world.clock.run(500);
  admittedAtMs.forEach((startMs, from) => {
    for (let to = from; to < admittedAtMs.length; to += 1) {
      // A token is spent in the store, and its request is admitted when the reply has arrived.
      const spanMs = (admittedAtMs[to] as number) - startMs + latencyMs;
      const most = capacity + (spanMs * rate) / 60_000 + 1e-9;
      assert.ok(to - from + 1 <= most, `${to - from + 1} admitted in ${spanMs} ms, at most ${most}`);
    }
  });
}
