import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { startRedis, type TestRedis } from '@olla/testing/redis';
import { waitFor } from '@olla/testing/wait-for';
import { Limiter } from '../limiter.ts';
import type { LimitSpec } from '../limiter/admission.ts';
import type { SharedState } from '../shared-state.ts';
import { describeRedis } from './connection.ts';
import { makeRedisCluster, type RedisTestCluster } from '../../testing/redis-cluster.ts';
import { testSnapshot } from '../../testing/test-snapshot.ts';
import { testStatistics } from '../../testing/test-statistics.ts';

/** One a minute: no refill within a test. */
const GLOBAL: LimitSpec = { name: 'global', key: 'global', ratePerMinute: 1, capacity: 40 };

describe('the shared state while Redis is unreachable', () => {
  let redis: TestRedis;
  before(async () => {
    redis = await startRedis();
  });
  after(() => redis.stop());

  const start = async (): Promise<RedisTestCluster> => {
    const cluster = await makeRedisCluster({ url: redis.url, name: randomUUID() });
    const isKnown = ({ directory, health }: SharedState): boolean =>
      directory.peers().gateways === 2 && directory.peers().workers === 3 && health.current().connected;
    try {
      await waitFor(() => cluster.workers.every(isKnown), { describe: 'two gateways that know each other' });
    } catch (error) {
      await cluster.close();
      throw error;
    }
    return cluster;
  };

  test('leases each host its share, without a wait, and is reconciled afterwards', async () => {
    const cluster = await start();
    const [worker, , other] = cluster.workers;
    const limiters = cluster.workers.map((state) => new Limiter({ state, onStateLoss: 'local' }));
    try {
      await prepare(cluster);
      const known = worker.directory.peers();
      assert.deepEqual(known, { gateways: 2, workers: 3 });
      await redis.kill();
      await waitFor(() => outagesOf(cluster).length === 2, { describe: 'one line of each host' });
      assert.deepEqual(outagesOf(cluster), ['state_lost', 'state_lost']);
      await waitFor(() => !worker.health.current().connected, { describe: 'the outage at a worker' });
      assert.equal(worker.health.current().outages, 1);

      // A worker that starts now needs it.
      assert.equal((await worker.snapshots.read())?.version.n, 1);
      assert.equal((await worker.control.read()).drained['e']?.by, 'me');
      const startedMs = performance.now();
      const admitted = await admitAll(limiters, 60);
      // Half of the limit for each of two gateways.
      assert.equal(admitted, GLOBAL.capacity);
      assert.ok(performance.now() - startedMs < 1_000);
      const reading = await worker.statistics.read(300);
      assert.ok(reading.workers.some(({ instance, ageMs }) => instance === worker.self.id && ageMs === 0));
      assert.ok(reading.missing.length >= 1);

      await redis.restart();
      await waitFor(() => cluster.workers.every((state) => state.health.current().connected), {
        describe: 'the return',
      });
      assert.deepEqual(outagesOf(cluster).slice(2), ['state_back', 'state_back']);
      assert.deepEqual([worker.directory.peers(), other.directory.peers()], [known, known]);
      await assertRestored(other);
      // The emptied Redis grants one extra burst to both hosts together.
      let extra = 0;
      await waitFor(async () => (extra += await admitAll(limiters, 60)) >= GLOBAL.capacity, {
        describe: 'leases from Redis again',
      });
      assert.equal(extra + (await admitAll(limiters, 60)), GLOBAL.capacity);
    } finally {
      for (const limiter of limiters) limiter.close();
      await cluster.close();
    }
  });

  test('makes requests wait for one deadline when Redis hangs, and not at all after it', async () => {
    const cluster = await start();
    const [worker] = cluster.workers;
    const limiter = new Limiter({ state: worker, onStateLoss: 'open' });
    try {
      redis.pause();
      const waits: number[] = [];
      for (let i = 0; i < 20; i += 1) {
        const startedMs = performance.now();
        const admission = await limiter.admit([{ ...GLOBAL, key: `ip:${i}` }]);
        assert.equal(admission.admitted, true);
        waits.push(performance.now() - startedMs);
      }
      assert.ok((waits[0] as number) >= 45, `${waits[0]}`);
      const sumMs = waits.reduce((sum, ms) => sum + ms, 0);
      assert.ok(sumMs < 500, `20 requests waited ${waits.map(Math.round).join()}`);
      await waitFor(() => outagesOf(cluster).length === 2, { describe: 'the outage is noticed' });
      redis.resume();
      await waitFor(() => cluster.workers.every((state) => state.health.current().connected), {
        describe: 'the return',
      });
      await waitFor(async () => (await limiter.admit([{ ...GLOBAL, key: 'ip:later' }])).remaining === 39, {
        describe: 'leases from Redis again',
      });
    } finally {
      redis.resume();
      limiter.close();
      await cluster.close();
    }
  });

  test('starts without Redis, and connects when Redis starts', async () => {
    await redis.kill();
    const startedMs = performance.now();
    const cluster = await makeRedisCluster({ url: redis.url, name: randomUUID() });
    try {
      assert.ok(performance.now() - startedMs < 2_000);
      const limiter = new Limiter({ state: cluster.workers[0], onStateLoss: 'local' });
      assert.equal((await limiter.admit([GLOBAL])).admitted, true);
      await waitFor(() => outagesOf(cluster).length === 2, { describe: 'the outage is logged' });
      await redis.restart();
      await waitFor(
        () =>
          cluster.workers.every(
            (state) => state.health.current().connected && state.directory.peers().gateways === 2,
          ),
        {
          describe: 'the connection',
        },
      );
      // A worker's own connection reconnects by itself.
      const grants = await waitFor(
        () => cluster.workers[1].leases.take([{ ...GLOBAL, need: 1, spare: 0 }], 1_000),
        { describe: 'leases from Redis' },
      );
      assert.equal(grants[0]?.remaining, 39);
      limiter.close();
    } finally {
      await cluster.close();
    }
  });

  test('receives the messages of other hosts again when only the subscriptions were lost', async () => {
    const cluster = await start();
    const [here, there] = cluster.workers;
    try {
      let received = 0;
      there.ejections.onEjection(() => (received += 1));
      await redis.send('CLIENT KILL TYPE pubsub');
      let n = 0;
      await waitFor(
        async () => {
          const endpointKey = `e#${(n += 1)}`;
          await here.ejections.eject({
            endpointKey,
            endpoint: 'e',
            reason: 'refused',
            by: here.self.id,
            at: 1,
          });
          return received > 0;
        },
        { describe: 'an ejection of another host' },
      );
      assert.ok(here.health.current().connected);
    } finally {
      await cluster.close();
    }
  });

  test('ends no process when its subscription closes again and again', async () => {
    const cluster = await start();
    try {
      // An unhandled rejection would fail this file.
      for (let n = 0; n < 300; n += 1) await redis.send('CLIENT KILL TYPE pubsub');
      assert.ok(cluster.workers.every(({ health }) => health.current().connected));
    } finally {
      await cluster.close();
    }
  });

  test('lets no old leader outrank a new one when Redis was emptied', async () => {
    const cluster = await start();
    const [agent, other] = cluster.agents;
    try {
      const ahead = Date.now() + 10_000_000;
      const first = await agent.election.campaign(60_000, ahead);
      assert.ok(first.leading);
      await agent.snapshots.publish(testSnapshot({ token: first.token, n: 1 }));
      await waitFor(async () => (await other.snapshots.read())?.version.n === 1, {
        describe: 'the snapshot elsewhere',
      });
      await redis.flush();
      const second = await waitFor(
        async () => {
          const lead = await other.election.campaign(60_000, first.token);
          return lead.leading ? lead : null;
        },
        { describe: 'a new lead' },
      );
      assert.ok(second.token > first.token);
      assert.equal(await agent.snapshots.publish(testSnapshot({ token: first.token, n: 2 })), 'fenced');
      assert.equal(await other.snapshots.publish(testSnapshot({ token: second.token, n: 1 })), 'published');
    } finally {
      await cluster.close();
    }
  });

  test('names Redis without its credentials', () => {
    const described = describeRedis({ url: 'redis://user:secret@redis.example:6380/2', name: 'x' });
    assert.equal(described, 'redis://redis.example:6380');
    assert.ok(!describeRedis({ url: 'redis:/:secret@', name: 'x' }).includes('secret'));
  });
});

/** The log lines about outages. On a busy machine there may be others about missed heartbeats. */
function outagesOf({ log }: RedisTestCluster): string[] {
  return log.map(({ event }) => event).filter((event) => event !== 'gateway');
}

/** Stores one value of each kind that must survive an emptied Redis. */
async function prepare({ workers, agents }: RedisTestCluster): Promise<void> {
  workers[0].statistics.provide(() => testStatistics(5));
  workers[0].statistics.noteChange();
  const lead = await agents[0].election.campaign(60_000, 0);
  assert.ok(lead.leading);
  await agents[0].snapshots.publish(testSnapshot({ token: lead.token, n: 1 }));
  await workers[0].control.change({ action: 'drain', endpoint: 'e', by: 'me' });
}

async function assertRestored(state: SharedState): Promise<void> {
  await waitFor(async () => (await state.snapshots.read())?.version.n === 1, { describe: 'the snapshot' });
  await waitFor(async () => (await state.control.read()).drained['e']?.by === 'me', {
    describe: 'the control',
  });
  await waitFor(
    async () => {
      const { workers } = await state.statistics.read(300);
      return workers.reduce((sum, { statistics }) => sum + statistics.total.requests, 0) === 5;
    },
    { describe: 'the statistics, once' },
  );
}

async function admitAll(limiters: readonly Limiter[], requests: number): Promise<number> {
  const outcomes = await Promise.all(
    Array.from({ length: requests }, (_, i) => (limiters[i % limiters.length] as Limiter).admit([GLOBAL])),
  );
  return outcomes.filter(({ admitted }) => admitted).length;
}
