import assert from 'node:assert/strict';
import { after, describe, it } from 'node:test';
import { newTrafficCounters } from '@olla/core/statistics';
import { waitFor } from '@olla/testing/wait-for';
import { conformance } from '../conformance.ts';
import type { ConformanceCluster } from '../conformance.ts';
import { createHub } from '../hub.ts';
import type { Hub } from '../hub.ts';
import { Limiter } from '../limiter.ts';
import type { SharedState } from '../port.ts';
import { testInstance } from '../test-instance.ts';
import { endParticipants, forkParticipant, killParticipant, releaseParticipant } from './fork-participant.ts';
import type { ForkedParticipant } from './fork-participant.ts';

interface ForkedCluster extends ConformanceCluster {
  readonly hub: Hub;
  readonly participants: readonly ForkedParticipant[];
}

async function makeCluster(): Promise<ForkedCluster> {
  const primary = testInstance('primary', 'g1');
  const hub = createHub({ self: primary, redis: null });
  const roles = ['worker', 'worker', 'worker', 'agent', 'agent'] as const;
  const participants = await Promise.all(
    roles.map((role) => forkParticipant(hub, testInstance(role, primary.id), null)),
  );
  const [a, b, c, d, e] = participants.map(({ state }) => state) as [
    SharedState,
    SharedState,
    SharedState,
    SharedState,
    SharedState,
  ];
  return {
    hub,
    participants,
    workers: [a, b, c],
    agents: [d, e],
    async crash(worker) {
      await killParticipant(participants.find(({ state }) => state === worker) as ForkedParticipant);
    },
    async close() {
      await Promise.all(participants.map(releaseParticipant));
      await hub.close();
    },
  };
}

after(endParticipants);

conformance('memory, in forked processes', makeCluster);

describe('a hub with forked processes', () => {
  it('waits for no process that hangs, and heals it when it goes on', async () => {
    const cluster = await makeCluster();
    const [worker, hung] = cluster.participants as [ForkedParticipant, ForkedParticipant];
    try {
      hung.state.publishStatistics(statisticsOf(3));
      const seen: number[] = [];
      hung.state.onSnapshot(({ version }) => seen.push(version.n));
      await waitFor(async () => (await total(worker.state)) === 3, { describe: 'the statistics' });
      hung.child.kill('SIGSTOP');
      const startedMs = performance.now();
      const reading = await worker.state.readStatistics(1_000);
      assert.ok(performance.now() - startedMs < 900);
      assert.deepEqual(reading.missing, [hung.state.self.id]);
      assert.equal(
        reading.workers.reduce((sum, { statistics }) => sum + statistics.total.requests, 0),
        3,
      );
      const limiter = new Limiter({ state: cluster.hub.state, onStateLoss: 'closed' });
      const admission = await limiter.admit([{ name: 'global', key: 'g', ratePerMinute: 1, capacity: 5 }]);
      assert.equal(admission.admitted, true);
      limiter.close();
      const lead = await cluster.agents[0].campaign(10_000, 0);
      assert.ok(lead.leading);
      for (let n = 1; n <= 3; n += 1) {
        const catalog = { revision: n, models: [] };
        const version = { token: lead.token, n };
        await cluster.agents[0].publishSnapshot({
          version,
          publishedAt: 1,
          agent: 'a',
          endpoints: [],
          catalog,
        });
      }
      hung.child.kill('SIGCONT');
      await waitFor(() => seen.at(-1) === 3, { describe: 'the newest snapshot' });
    } finally {
      await cluster.close();
    }
  });

  it('shows its children the end of the primary as an outage', async () => {
    const cluster = await makeCluster();
    const [worker] = cluster.participants as [ForkedParticipant];
    try {
      await cluster.hub.close();
      await assert.rejects(
        worker.state.takeLeases([{ key: 'k', ratePerMinute: 1, capacity: 1, need: 1, spare: 0 }], 50),
        {
          code: 'STATE_TIMEOUT',
        },
      );
      // Once it has failed to answer, nobody waits for it again until it speaks.
      await assert.rejects(
        worker.state.takeLeases([{ key: 'k', ratePerMinute: 1, capacity: 1, need: 1, spare: 0 }], 50),
        {
          code: 'STATE_UNAVAILABLE',
        },
      );
    } finally {
      await cluster.close();
    }
  });
});

async function total(state: SharedState): Promise<number> {
  const { workers } = await state.readStatistics(500);
  return workers.reduce((sum, { statistics }) => sum + statistics.total.requests, 0);
}

function statisticsOf(requests: number) {
  return {
    total: { ...newTrafficCounters(), requests },
    endpoints: {},
    models: {},
    modelEndpoints: {},
    inFlight: {},
    connections: 0,
    rejected: { global: 0, perIp: 0, health: 0, size: 0 },
    blockedAddresses: 0,
    leaseWaits: 0,
    droppedSpans: 0,
  };
}
