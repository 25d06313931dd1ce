import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { newTrafficCounters } from '@olla/core/statistics';
import { startRedis } from '@olla/testing/redis';
import type { TestRedis } from '@olla/testing/redis';
import { waitFor } from '@olla/testing/wait-for';
import { forkParticipant, killParticipant } from '../forked/fork-participant.ts';
import { INSTANCE_TTL_MS } from '../port.ts';
import { testInstance } from '../test-instance.ts';
import { makeRedisCluster } from './test-cluster.ts';

describe('a host that is lost', () => {
  let redis: TestRedis;
  before(async () => {
    redis = await startRedis();
  });
  after(() => redis.stop());

  it('takes its share in flight and its lead with it, and leaves what it had counted', async () => {
    const options = { url: redis.url, name: randomUUID() };
    const cluster = await makeRedisCluster(options);
    const [worker] = cluster.workers;
    const lost = await forkParticipant(null, testInstance('agent', 'lost', 'host-9'), options);
    try {
      let inFlight: ReadonlyMap<string, number> = new Map();
      worker.onInFlight((others) => (inFlight = others));
      lost.state.publishInFlight(new Map([['e#1', 4]]));
      lost.state.publishStatistics({
        total: { ...newTrafficCounters(), requests: 6 },
        endpoints: {},
        models: {},
        modelEndpoints: {},
        inFlight: { e: 4 },
        connections: 4,
        rejected: { global: 0, perIp: 0, health: 0, size: 0 },
        blockedAddresses: 0,
        leaseWaits: 0,
        droppedSpans: 0,
      });
      const lead = await lost.state.campaign(1_000, 0);
      assert.ok(lead.leading);
      const shareOf = async () => {
        const { workers } = await worker.readStatistics(300);
        return workers.find(({ instance }) => instance === lost.state.self.id);
      };
      await waitFor(() => inFlight.get('e#1') === 4, { describe: 'its count' });
      await waitFor(async () => (await shareOf())?.alive === true, { describe: 'its statistics' });

      await killParticipant(lost);
      const killedMs = performance.now();
      const next = await waitFor(
        async () => {
          const taken = await cluster.agents[0].campaign(1_000, 0);
          return taken.leading ? taken : null;
        },
        { describe: 'the lead' },
      );
      assert.ok(next.token > lead.token);
      await waitFor(() => inFlight.size === 0, { describe: 'the end of its share', timeoutMs: 15_000 });
      assert.ok(performance.now() - killedMs > INSTANCE_TTL_MS - 1_500);
      const share = await waitFor(async () => ((await shareOf())?.alive === false ? shareOf() : null), {
        describe: 'its last statistics',
      });
      assert.equal(share.statistics.total.requests, 6);
      assert.deepEqual([share.statistics.inFlight, share.statistics.connections], [{}, 0]);
      const instances = await worker.readInstances();
      assert.ok(!instances.some(({ id }) => id === lost.state.self.id));
    } finally {
      await killParticipant(lost);
      await cluster.close();
    }
  });
});
