import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { waitFor } from '@olla/testing/wait-for';
import type { ConformanceCluster } from '../../testing/conformance/cluster.ts';
import { conformance } from '../../testing/conformance/conformance.ts';
import { createHub, type Hub } from '../create-hub.ts';
import { Limiter } from '../limiter.ts';
import type { SharedState } from '../shared-state.ts';
import { testSnapshot } from '../../testing/test-snapshot.ts';
import { testStatistics } from '../../testing/test-statistics.ts';
import { testInstance } from '../../testing/test-instance.ts';
import {
  endParticipants,
  forkParticipant,
  killParticipant,
  releaseParticipant,
  type ForkedParticipant,
} from '../../testing/forked/fork-participant.ts';

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
  test('does not wait for a process that hangs, and sends it the missed pushes when it resumes', async () => {
    const cluster = await makeCluster();
    const [worker, hung] = cluster.participants as [ForkedParticipant, ForkedParticipant];
    try {
      hung.state.statistics.provide(() => testStatistics(3));
      hung.state.statistics.noteChange();
      const seen: number[] = [];
      hung.state.snapshots.onSnapshot(({ version }) => seen.push(version.n));
      await waitFor(async () => (await total(worker.state)) === 3, { describe: 'the statistics' });
      hung.child.kill('SIGSTOP');
      const startedMs = performance.now();
      const reading = await worker.state.statistics.read(1_000);
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
      const lead = await cluster.agents[0].election.campaign(10_000, 0);
      assert.ok(lead.leading);
      for (let n = 1; n <= 3; n += 1) {
        const version = { token: lead.token, n };
        await cluster.agents[0].snapshots.publish(testSnapshot(version, { catalogRevision: n }));
      }
      hung.child.kill('SIGCONT');
      await waitFor(() => seen.at(-1) === 3, { describe: 'the newest snapshot' });
    } finally {
      await cluster.close();
    }
  });

  test('reports an outage to its members when it has closed', async () => {
    const cluster = await makeCluster();
    const [worker] = cluster.participants as [ForkedParticipant];
    try {
      await cluster.hub.close();
      await assert.rejects(
        worker.state.leases.take([{ key: 'k', ratePerMinute: 1, capacity: 1, need: 1, spare: 0 }], 50),
        {
          code: 'STATE_TIMEOUT',
        },
      );
    } finally {
      await cluster.close();
    }
  });
});

async function total(state: SharedState): Promise<number> {
  const { workers } = await state.statistics.read(500);
  return workers.reduce((sum, { statistics }) => sum + statistics.total.requests, 0);
}
