import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { startRedis, type TestRedis } from '@olla/testing/redis';
import { waitFor } from '@olla/testing/wait-for';
import { inForce } from '../../testing/conformance/cluster.ts';
import { forkParticipant, killParticipant } from '../../testing/forked/fork-participant.ts';
import { TestHost } from '../../testing/test-host.ts';
import { testInstance } from '../../testing/test-instance.ts';
import { MAX_EVENTS, type ClusterEvent, type NewEvent } from '../ports/events.ts';
import type { SharedState } from '../shared-state.ts';
import type { StoreLogEvent } from '../store-log.ts';

const TTL_MS = 60_000;

describe('events of a cluster in Redis', () => {
  let redis: TestRedis;
  before(async () => {
    redis = await startRedis();
  });
  after(() => redis.stop());

  interface TwoHosts {
    readonly name: string;
    readonly hosts: readonly [TestHost, TestHost];
    readonly workers: readonly [SharedState, SharedState];
    readonly log: StoreLogEvent[];
  }
  const withTwoHosts = async (body: (cluster: TwoHosts) => Promise<void>): Promise<void> => {
    const name = randomUUID();
    const log: StoreLogEvent[] = [];
    const hosts = [
      new TestHost({ name: 'host-1', redis: { url: redis.url, name }, log: (event) => log.push(event) }),
      new TestHost({ name: 'host-2', redis: { url: redis.url, name }, log: (event) => log.push(event) }),
    ] as const;
    try {
      const workers = [await hosts[0].join('worker'), await hosts[1].join('worker')] as const;
      await hosts[1].join('worker');
      await inForce(workers);
      await body({ name, hosts, workers, log });
    } finally {
      await Promise.all(hosts.map((host) => host.close()));
    }
  };
  const gatewayEvents = async ({ events }: SharedState): Promise<(string | null | undefined)[][]> =>
    (await events.recent())
      // On a busy machine hosts may miss each other's heartbeats meanwhile.
      .filter(({ kind, from, to }) => kind === 'gateway' && from !== 'lost' && to !== 'lost')
      .map(({ gateway, from, to }) => [gateway, from, to]);

  test('report each gateway that starts, and one that stops, once', async () => {
    await withTwoHosts(async ({ hosts: [one, two], workers: [worker] }) => {
      await waitFor(async () => (await gatewayEvents(worker)).length === 2, { describe: 'both starts' });
      const ids = [one, two].map(({ hub }) => hub.state.self.id);
      const starts = (await gatewayEvents(worker)).map(([gateway, from, to]) => [gateway, from, to]);
      assert.deepEqual(new Set(starts.map(([gateway]) => gateway)), new Set(ids));
      for (const [, from, to] of starts) assert.deepEqual([from, to], [null, 'up']);
      await two.close();
      const left = await waitFor(
        async () => {
          const events = await gatewayEvents(worker);
          return events.length > 2 ? events.slice(2) : null;
        },
        { describe: 'the end of the second' },
      );
      assert.deepEqual(left, [[ids[1], 'up', 'left']]);
    });
  });

  test('report a lost gateway once', async () => {
    await withTwoHosts(async ({ name, workers, log }) => {
      const self = testInstance('primary', 'lost', 'host-3');
      const lost = await forkParticipant(null, self, { url: redis.url, name });
      const about = async (state: SharedState): Promise<ClusterEvent[]> =>
        (await state.events.recent()).filter(({ gateway }) => gateway === self.id);
      const gateways = (): number[] => workers.map(({ directory }) => directory.peers().gateways);
      await waitFor(() => gateways().every((count) => count === 3), { describe: 'all gateways' });
      await waitFor(async () => (await about(workers[0])).length === 1, { describe: 'its start' });
      await killParticipant(lost);
      // Both hosts miss its heartbeats; only one of them reports it.
      await waitFor(() => gateways().every((count) => count === 2), {
        describe: 'both hosts without it',
        timeoutMs: 15_000,
      });
      await waitFor(async () => (await about(workers[0])).length > 1, { describe: 'its loss' });
      for (const worker of workers) {
        const [, loss, ...more] = await about(worker);
        assert.deepEqual([loss?.kind, loss?.from, loss?.to, more], ['gateway', 'up', 'lost', []]);
        assert.equal(loss?.reason, 'no heartbeat for 5 s');
      }
      const lines = log.filter(({ message }) => message.includes(self.id));
      assert.deepEqual(
        lines.map(({ event, level, message }) => [event, level, message]),
        [['gateway', 'warn', `gateway ${self.id} up → lost: no heartbeat for 5 s`]],
      );
    });
  });

  test('report each agent that takes the lead once, and no renewal', async () => {
    await withTwoHosts(async ({ hosts: [one, two], workers }) => {
      const [first, second] = [await one.join('agent'), await two.join('agent')];
      await first.election.campaign(TTL_MS, 0);
      await first.election.campaign(TTL_MS, 0);
      await second.election.campaign(TTL_MS, 0);
      await first.election.resign();
      await second.election.campaign(1, 0);
      await waitFor(async () => (await first.election.campaign(TTL_MS, 0)).leading, {
        describe: 'the end of the second lead',
      });
      for (const worker of workers) {
        const leads = await waitFor(
          async () => {
            const events = (await worker.events.recent()).filter(({ kind }) => kind === 'leader');
            return events.length >= 3 ? events : null;
          },
          { describe: 'three leads' },
        );
        const [a, b] = [first.self, second.self];
        // Events of the same millisecond may be in any order.
        assert.deepEqual(
          new Set(leads.map(({ gateway, from, to, by }) => [gateway, from, to, by].join(' '))),
          new Set([
            [a.gateway, null, a.id, a.id].join(' '),
            [b.gateway, a.id, b.id, b.id].join(' '),
            [a.gateway, b.id, a.id, a.id].join(' '),
          ]),
        );
      }
    });
  });

  test('survive an outage at their host, and an emptied Redis', async () => {
    await withTwoHosts(async ({ name, hosts: [one], workers: [here, there] }) => {
      const received: ClusterEvent[] = [];
      there.events.onEvent((event) => received.push(event));
      const countOf = (name: string): number => received.filter(({ endpoint }) => endpoint === name).length;
      here.events.publish(drainOf('before'));
      await waitFor(() => countOf('before') === 1, { describe: 'the first event at the other host' });
      await redis.kill();
      await waitFor(() => !here.health.current().connected, { describe: 'the outage' });
      here.events.publish(drainOf('meanwhile'));
      assert.deepEqual(await endpointsOf(here), ['before', 'meanwhile']);
      assert.deepEqual(await endpointsOf(there), ['before']);
      // Redis restarts without its data.
      await redis.restart();
      await waitFor(async () => (await endpointsOf(there)).join() === 'before,meanwhile', {
        describe: 'both events at the other host',
      });
      await waitFor(() => countOf('meanwhile') === 1, { describe: 'the late event at the other host' });
      assert.equal(countOf('before'), 1, 'an event is passed on once');
      const late = new TestHost({ name: 'host-3', redis: { url: redis.url, name } });
      try {
        assert.deepEqual(await endpointsOf(await late.join('worker')), ['before', 'meanwhile']);
      } finally {
        await late.close();
      }
      assert.equal(one.hub.state.health.current().connected, true);
    });
  });

  test(`are kept to the last ${MAX_EVENTS}`, async () => {
    await withTwoHosts(async ({ workers: [here, there] }) => {
      for (let i = 0; i < MAX_EVENTS + 50; i += 1) here.events.publish(drainOf(`e${i}`));
      const last = `e${MAX_EVENTS + 49}`;
      await waitFor(async () => (await endpointsOf(there)).at(-1) === last, { describe: 'the last event' });
      for (const state of [here, there]) {
        const events = await state.events.recent();
        assert.equal(events.length, MAX_EVENTS);
        assert.equal(events[0]?.endpoint, 'e50');
      }
    });
  });
});

function drainOf(endpoint: string): NewEvent {
  return { kind: 'drained', endpoint, from: 'healthy', to: 'draining', reason: 'for an update', by: 'me' };
}

async function endpointsOf({ events }: SharedState): Promise<string[]> {
  return (await events.recent()).flatMap(({ endpoint }) => endpoint ?? []);
}
