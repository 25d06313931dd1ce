import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Snapshot } from '@olla/core/snapshot';
import { waitFor } from '@olla/testing/wait-for';
import { endpointIn, runTestAgent, startServer, stateIn, untilChecked } from '../testing/run-test-agent.ts';
import { ollamaWith } from '../testing/test-server.ts';
import { TestStore } from '../testing/test-store.ts';

describe('agents that campaign for the lead', () => {
  test('lets one agent lead, and the other take over with the earlier catalog', async (t) => {
    const server = await startServer(t, ollamaWith('a:1b'));
    const store = new TestStore();
    const endpoints = [{ name: 'o', type: 'ollama', url: server.url }];
    const first = runTestAgent(t, store, endpoints, 'agent-1');
    const before = await untilChecked(first, store);
    const second = runTestAgent(t, store, endpoints, 'agent-2');
    await second.ready;
    assert.equal(first.leading(), true);
    assert.equal(second.leading(), false);
    await first.stop();
    const taken = await store.when(({ agent }) => agent === 'agent-2', 'the second publishes');
    assert.ok(taken.version.token > before.version.token);
    assert.equal(stateIn(taken, 'o'), 'healthy');
    assert.equal(taken.catalog.models[0]?.created, before.catalog.models[0]?.created);
  });

  test('stops leading when another agent has published a newer snapshot', async (t) => {
    const server = await startServer(t, ollamaWith('a:1b'));
    const store = new TestStore();
    const endpoints = [{ name: 'o', type: 'ollama', url: server.url }];
    const first = runTestAgent(t, store, endpoints, 'agent-1');
    await untilChecked(first, store);
    store.expireLead();
    const lead = await store.view('agent-2').election.campaign(60_000, 0);
    assert.ok(lead.leading);
    const newer: Snapshot = {
      ...(store.newest as Snapshot),
      version: { token: lead.token, n: 1 },
      agent: 'agent-2',
    };
    assert.equal(await store.view('agent-2').snapshots.publish(newer), 'published');
    const { key } = endpointIn(newer, 'o');
    await server.close();
    store.eject(key);
    await waitFor(() => !first.leading(), { describe: 'the old leader to stop leading' });
    assert.equal(store.newest, newer, 'the old leader has overwritten the newer snapshot');
  });

  test('publishes the changes of an outage of the store when it ends', async (t) => {
    const server = await startServer(t, ollamaWith('a:1b'));
    const store = new TestStore();
    const agent = runTestAgent(t, store, [
      { name: 'o', type: 'ollama', url: server.url, check_interval: '100ms' },
    ]);
    await untilChecked(agent, store);
    const { key } = endpointIn(store.newest, 'o');
    store.isDown = true;
    await server.close();
    store.eject(key);
    const count = store.snapshots.length;
    await waitFor(() => store.failedCalls >= 2, { describe: 'two failed publications' });
    assert.equal(store.snapshots.length, count);
    store.isDown = false;
    await store.when(
      (snapshot) => stateIn(snapshot, 'o') === 'offline',
      'the state that changed during the outage',
    );
  });

  test('is ready without a store, and publishes when the store can be reached', async (t) => {
    const store = new TestStore();
    store.isDown = true;
    const agent = runTestAgent(t, store, []);
    await agent.ready;
    assert.equal(agent.leading(), false);
    store.isDown = false;
    await store.when(() => true, 'a first snapshot');
  });
});
