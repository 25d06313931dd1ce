import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import type { Snapshot } from '@olla/core/snapshot';
import { startRedis, type TestRedis } from '@olla/testing/redis';
import { waitFor } from '@olla/testing/wait-for';
import { connectState } from '../connect-state.ts';
import type { Control } from '../ports/control.ts';
import type { Lead } from '../ports/election.ts';
import type { SharedState } from '../shared-state.ts';
import { testInstance } from '../../testing/test-instance.ts';
import { testSnapshot } from '../../testing/test-snapshot.ts';
import { TestHost } from '../../testing/test-host.ts';

interface Host {
  readonly host: TestHost;
  readonly agent: SharedState;
  readonly workers: readonly [SharedState, SharedState];
  /** The pushes that its first worker received, in order. */
  readonly snapshots: Snapshot[];
  readonly controls: Control[];
}

/** Longer than a test, so that no other agent takes the lead. */
const TTL_MS = 60_000;

describe('a gateway whose Redis is unreachable', () => {
  let redis: TestRedis;
  before(async () => {
    redis = await startRedis();
  });
  after(() => redis.stop());

  const startHost = async (name: string, cluster: string): Promise<Host> => {
    const host = new TestHost({ name, redis: { url: redis.url, name: cluster } });
    const workers = [await host.join('worker'), await host.join('worker')] as const;
    const snapshots: Snapshot[] = [];
    const controls: Control[] = [];
    workers[0].snapshots.onSnapshot((snapshot) => snapshots.push(snapshot));
    workers[0].control.onControl((control) => controls.push(control));
    return { host, agent: await host.join('agent'), workers, snapshots, controls };
  };
  const withHosts = async (body: (one: Host, two: Host) => Promise<void>): Promise<void> => {
    const cluster = randomUUID();
    const [one, two] = [await startHost('host-1', cluster), await startHost('host-2', cluster)];
    try {
      await body(one, two);
    } finally {
      await Promise.all([one.host.close(), two.host.close()]);
    }
  };

  test('is led by its own agent from the start, and by one agent of the cluster after the outage', async () => {
    await redis.kill();
    await withHosts(async (one, two) => {
      const first = leadOf(await one.agent.election.campaign(TTL_MS, 0));
      // The second host's clock is far ahead.
      const ahead = Date.now() + 10_000_000;
      const second = leadOf(await two.agent.election.campaign(TTL_MS, ahead));
      assert.deepEqual([first.isLocal, second.isLocal], [true, true]);
      assert.ok(second.token > ahead);
      assert.equal((await one.agent.election.campaign(TTL_MS, 0)).leading, true);
      assert.equal(
        await one.agent.snapshots.publish(testSnapshot({ token: first.token, n: 1 }, { agent: 'one' })),
        'published',
      );
      assert.equal(
        await two.agent.snapshots.publish(testSnapshot({ token: second.token, n: 1 }, { agent: 'two' })),
        'published',
      );
      await waitFor(() => one.snapshots.length + two.snapshots.length === 2, { describe: 'both snapshots' });
      const leaders = (await one.workers[0].directory.readInstances()).filter(({ leading }) => leading);
      assert.deepEqual(
        leaders.map(({ id }) => id),
        [one.agent.self.id],
      );

      await redis.restart();
      await waitFor(() => isConnected(one) && isConnected(two), { describe: 'the return' });
      // A snapshot of one host alone reaches no other.
      assert.equal(
        await two.agent.snapshots.publish(testSnapshot({ token: second.token, n: 2 }, { agent: 'two' })),
        'published',
      );
      const lead = await waitFor(
        async () => {
          const won = leadOf(await one.agent.election.campaign(TTL_MS, first.token));
          return won.token > second.token ? won : null;
        },
        { describe: 'a token above all local ones' },
      );
      assert.equal(lead.isLocal, undefined);
      assert.deepEqual(await two.agent.election.campaign(TTL_MS, second.token), {
        leading: false,
        leader: one.agent.self.id,
      });
      assert.equal(
        await one.agent.snapshots.publish(testSnapshot({ token: lead.token, n: 1 }, { agent: 'cluster' })),
        'published',
      );
      for (const host of [one, two])
        await waitFor(() => host.snapshots.at(-1)?.agent === 'cluster', {
          describe: "the leader's snapshot",
        });
      assert.equal(
        await two.agent.snapshots.publish(testSnapshot({ token: second.token, n: 3 }, { agent: 'two' })),
        'fenced',
      );
      assert.deepEqual(sequenceOf(one), ['one', 'cluster']);
      assert.deepEqual(sequenceOf(two), ['two', 'two', 'cluster']);
      assert.deepEqual(await one.agent.election.campaign(TTL_MS, lead.token), lead);
    });
  });

  test("keeps the cluster's leader, and gives a lead elsewhere only after that lead has expired", async () => {
    await withHosts(async (one, two) => {
      const lead = leadOf(await one.agent.election.campaign(TTL_MS, 0));
      await one.agent.snapshots.publish(testSnapshot({ token: lead.token, n: 1 }, { agent: 'leader' }));
      await waitFor(() => two.snapshots.length === 1, { describe: 'the snapshot at the other host' });
      assert.equal((await two.agent.election.campaign(TTL_MS, 0)).leading, false);
      await redis.kill();
      await waitFor(() => !isConnected(one) && !isConnected(two), { describe: 'the outage' });

      assert.deepEqual(await one.agent.election.campaign(TTL_MS, lead.token), lead);
      assert.equal(
        await one.agent.snapshots.publish(testSnapshot({ token: lead.token, n: 2 }, { agent: 'leader' })),
        'published',
      );
      assert.equal(
        await one.agent.snapshots.publish(testSnapshot({ token: lead.token, n: 1 }, { agent: 'leader' })),
        'fenced',
      );
      assert.deepEqual(await two.agent.election.campaign(TTL_MS, lead.token), {
        leading: false,
        leader: one.agent.self.id,
      });
      const local = await waitFor(
        async () => {
          const taken = await two.agent.election.campaign(100, lead.token);
          return taken.leading ? taken : null;
        },
        { describe: "the expiry of the silent leader's lead" },
      );
      assert.equal(local.isLocal, true);
      assert.equal(
        await two.agent.snapshots.publish(testSnapshot({ token: local.token, n: 1 }, { agent: 'local' })),
        'published',
      );

      await redis.restart();
      await waitFor(() => isConnected(one) && isConnected(two), { describe: 'the return' });
      const again = await waitFor(
        async () => {
          const renewed = leadOf(await one.agent.election.campaign(TTL_MS, lead.token));
          return renewed.token > local.token ? renewed : null;
        },
        { describe: 'a token above the local one' },
      );
      await one.agent.snapshots.publish(testSnapshot({ token: again.token, n: 1 }, { agent: 'leader' }));
      await waitFor(() => two.snapshots.at(-1)?.version.token === again.token, {
        describe: 'the leader at the other host',
      });
      assert.deepEqual(sequenceOf(one), ['leader', 'leader', 'leader']);
    });
  });

  test('grants one probe at a time, refreshes for itself, and rejects drain and resume', async () => {
    await redis.kill();
    await withHosts(async (one, two) => {
      const granted = await Promise.all(
        one.workers.map((worker) => worker.ejections.acquireProbe('e#1', TTL_MS)),
      );
      assert.deepEqual(granted.filter(Boolean).length, 1);
      assert.equal(await two.workers[0].ejections.acquireProbe('e#1', TTL_MS), true);
      for (const action of ['drain', 'resume'] as const)
        await assert.rejects(one.workers[0].control.change({ action, endpoint: 'e', by: 'me' }), {
          code: 'STATE_UNAVAILABLE',
        });
      const refreshed = await one.workers[1].control.change({ action: 'refresh', by: 'me' });
      await waitFor(() => one.controls.at(-1)?.refresh === refreshed.refresh, { describe: 'the refresh' });
      assert.deepEqual(await one.workers[0].control.read(), refreshed);
      assert.deepEqual(two.controls, []);

      await redis.restart();
      await waitFor(() => two.controls.at(-1)?.refresh === 1, { describe: 'the refresh at the other host' });
      const drained = await two.workers[0].control.change({ action: 'drain', endpoint: 'e', by: 'me' });
      for (const host of [one, two])
        await waitFor(() => host.controls.at(-1)?.revision === drained.revision, {
          describe: 'the drain at both hosts',
        });
      assert.equal(one.controls.at(-1)?.drained['e']?.by, 'me');
    });
  });

  test('gives no lead to an agent without a gateway', async () => {
    await redis.kill();
    const self = testInstance('agent', 'lone', 'host-3');
    const lone = await connectState({ self, redis: { url: redis.url, name: randomUUID() }, channel: null });
    await assert.rejects(lone.election.campaign(TTL_MS, 0), { code: 'STATE_UNAVAILABLE' });
    await lone.close();
    await redis.restart();
  });

  test('ejects and re-admits for itself, and publishes that to the cluster after the outage', async () => {
    await withHosts(async (one, two) => {
      await waitFor(() => isConnected(one) && isConnected(two), { describe: 'the start' });
      const by = one.workers[0].self.id;
      const before = { endpointKey: 'before#1', endpoint: 'before', reason: 'refused', by, at: 1 };
      const meanwhile = { endpointKey: 'meanwhile#1', endpoint: 'meanwhile', reason: 'refused', by, at: 2 };
      const [atOne, atTwo] = [one, two].map(({ workers: [, worker] }) => ejectedAt(worker));
      assert.equal(await one.workers[0].ejections.eject(before), true);
      await waitFor(() => atTwo?.has('before#1'), { describe: 'the first ejection at the other host' });

      await redis.kill();
      await waitFor(() => !isConnected(one) && !isConnected(two), { describe: 'the outage' });
      const readmission = {
        endpointKey: 'before#1',
        endpoint: 'before',
        ejectedAt: 1,
        reason: 'a probe',
        by,
        at: 3,
      };
      assert.equal(await one.workers[0].ejections.readmit(readmission), true);
      assert.equal(await one.workers[0].ejections.eject(meanwhile), true);
      await waitFor(() => atOne?.has('meanwhile#1') && !atOne.has('before#1'), {
        describe: 'both at one host',
      });
      assert.deepEqual([...(atTwo ?? [])], ['before#1']);

      await redis.restart();
      await waitFor(() => atTwo?.has('meanwhile#1') && !atTwo.has('before#1'), {
        describe: 'what the first host decided alone, at the other',
      });
      assert.deepEqual([...(atOne ?? [])], ['meanwhile#1']);
    });
  });

  test('receives an ejection whose message was lost', async () => {
    await withHosts(async (one, two) => {
      await waitFor(() => isConnected(one) && isConnected(two), { describe: 'the start' });
      const atTwo = ejectedAt(two.workers[0]);
      const by = one.workers[0].self.id;
      await redis.send('CLIENT KILL TYPE pubsub');
      await one.workers[0].ejections.eject({
        endpointKey: 'e#1',
        endpoint: 'e',
        reason: 'refused',
        by,
        at: 1,
      });
      await waitFor(() => atTwo.has('e#1'), { describe: 'the ejection at the other host' });
    });
  });
});

function leadOf(lead: Lead): Extract<Lead, { leading: true }> {
  assert.ok(lead.leading);
  return lead;
}

function isConnected({ workers }: Host): boolean {
  return workers.every((worker) => worker.health.current().connected);
}

/** Whose snapshots its first worker saw. */
function sequenceOf({ snapshots }: Host): string[] {
  return snapshots.map(({ agent }) => agent);
}

/** The keys of ejected endpoints, by the pushes that one process received. */
function ejectedAt({ ejections }: SharedState): Set<string> {
  const keys = new Set<string>();
  ejections.onEjection(({ endpointKey }) => keys.add(endpointKey));
  ejections.onReadmission(({ endpointKey }) => keys.delete(endpointKey));
  return keys;
}
