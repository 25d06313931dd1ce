import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { startRedis, type TestRedis } from '@olla/testing/redis';
import { waitFor } from '@olla/testing/wait-for';
import { forkParticipant, killParticipant } from '../../testing/forked/fork-participant.ts';
import { INSTANCE_TTL_MS } from '../ports/directory.ts';
import { testInstance } from '../../testing/test-instance.ts';
import { testStatistics } from '../../testing/test-statistics.ts';
import { makeRedisCluster } from '../../testing/redis-cluster.ts';

describe('a host that is lost', () => {
  let redis: TestRedis;
  before(async () => {
    redis = await startRedis();
  });
  after(() => redis.stop());

  test('loses its in-flight counts and its lead, while its statistics stay in the sums', async () => {
    const options = { url: redis.url, name: randomUUID() };
    const cluster = await makeRedisCluster(options);
    const [worker] = cluster.workers;
    const lost = await forkParticipant(null, testInstance('agent', 'lost', 'host-9'), options);
    try {
      let inFlight: ReadonlyMap<string, number> = new Map();
      worker.load.onOthers((others) => (inFlight = others));
      lost.state.load.setInFlight('e#1', 4);
      lost.state.statistics.provide(() => testStatistics(6, { inFlight: { e: 4 }, connections: 4 }));
      lost.state.statistics.noteChange();
      const lead = await lost.state.election.campaign(1_000, 0);
      assert.ok(lead.leading);
      const shareOf = async () => {
        const { workers } = await worker.statistics.read(300);
        return workers.find(({ instance }) => instance === lost.state.self.id);
      };
      await waitFor(() => inFlight.get('e#1') === 4, { describe: 'its count' });
      await waitFor(async () => (await shareOf())?.alive === true, { describe: 'its statistics' });

      await killParticipant(lost);
      const killedMs = performance.now();
      const next = await waitFor(
        async () => {
          const taken = await cluster.agents[0].election.campaign(1_000, 0);
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
      const instances = await worker.directory.readInstances();
      assert.ok(!instances.some(({ id }) => id === lost.state.self.id));
    } finally {
      await killParticipant(lost);
      await cluster.close();
    }
  });
});
