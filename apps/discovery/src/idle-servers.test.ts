import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Snapshot } from '@olla/core/snapshot';
import { waitFor } from '@olla/testing/wait-for';
import { endpointIn, runTestAgent, startServer, stateIn, untilChecked } from '../testing/run-test-agent.ts';
import { respondWith } from '../testing/test-server.ts';
import { TestStore } from '../testing/test-store.ts';

const SERVER = {
  '/health': { status: 'ok' },
  '/v1/models': { object: 'list', data: [{ id: 'm', owned_by: 'llamacpp' }] },
  '/slots': [{ is_processing: false }],
};
const asleep = { ...SERVER, '/props': { total_slots: 4, is_sleeping: true } };
const awake = { ...SERVER, '/props': { total_slots: 4, is_sleeping: false } };

describe('a server that sleeps', () => {
  test('stays healthy with the reason "sleeping", and is not kept awake after ten seconds without requests', async (t) => {
    const server = await startServer(t, asleep);
    const store = new TestStore();
    await untilChecked(
      runTestAgent(t, store, [{ name: 'l', type: 'llamacpp', url: server.url, check_interval: '1s' }]),
      store,
    );
    const slept = await store.when(
      (snapshot) => endpointIn(snapshot, 'l').reason === 'sleeping',
      'the reason',
    );
    assert.equal(stateIn(slept, 'l'), 'healthy');
    const count = (path: string): number => server.seen.filter((seen) => seen === `GET ${path}`).length;
    // The readings end ten seconds after the start. Then more than one of their intervals passes without one.
    await waitFor(() => (endpointIn(store.newest as Snapshot, 'l').load?.running ?? null) === null, {
      describe: 'the end of the readings',
      timeoutMs: 40_000,
    });
    const [slots, health] = [count('/slots'), count('/health')];
    await waitFor(() => count('/health') >= health + 4, {
      describe: 'more health checks',
      timeoutMs: 30_000,
    });
    assert.equal(count('/slots'), slots);

    server.handler = respondWith(awake);
    store.setInFlight({ [endpointIn(store.newest as Snapshot, 'l').key]: 1 });
    await waitFor(() => count('/slots') > slots, { describe: 'a reading after a request', intervalMs: 5 });
    await store.when((snapshot) => endpointIn(snapshot, 'l').reason === '', 'a server that is awake');
  });
});
