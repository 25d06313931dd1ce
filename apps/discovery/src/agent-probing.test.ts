import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Snapshot } from '@olla/core/snapshot';
import { waitFor } from '@olla/testing/wait-for';
import {
  endpointIn,
  modelsIn,
  runTestAgent,
  startServer,
  stateIn,
  untilChecked,
} from '../testing/run-test-agent.ts';
import { ollamaWith, respondWith, TestServer } from '../testing/test-server.ts';
import { TestStore } from '../testing/test-store.ts';

describe('an agent that leads', () => {
  test('publishes the first snapshot without waiting for endpoints that do not respond', async (t) => {
    const alive = await startServer(t, ollamaWith('llama3.1:8b'));
    const hanging = await startServer(t, () => undefined);
    const dead = await TestServer.start(respondWith({}));
    await dead.close();
    const store = new TestStore();
    const agent = runTestAgent(t, store, [
      { name: 'alive', type: 'ollama', url: alive.url },
      { name: 'hanging', type: 'vllm', url: hanging.url, check_timeout: '500ms' },
      { name: 'dead', type: 'vllm', url: dead.url },
    ]);
    await agent.ready;
    const first = store.snapshots[0];
    assert.ok(first);
    assert.equal(stateIn(first, 'hanging'), 'unknown');
    const all = await store.when((snapshot) => stateIn(snapshot, 'hanging') === 'unhealthy', 'all checked');
    assert.equal(stateIn(all, 'alive'), 'healthy');
    assert.deepEqual(modelsIn(all, 'alive'), ['llama3.1:8b']);
    assert.equal(stateIn(all, 'dead'), 'offline');
    assert.equal(endpointIn(all, 'dead').reason, 'connection refused');
  });

  test('publishes a snapshot when no endpoint is configured', async (t) => {
    const store = new TestStore();
    await runTestAgent(t, store, []).ready;
    assert.deepEqual(store.newest?.endpoints, []);
    assert.deepEqual(store.newest?.catalog.models, []);
  });

  test('adds a pulled model with details and residency to the catalog long before the configured interval ends', async (t) => {
    const server = await startServer(t, ollamaWith('a:1b'));
    const store = new TestStore();
    await untilChecked(runTestAgent(t, store, [{ name: 'o', type: 'ollama', url: server.url }]), store);
    const { revision } = (store.newest as Snapshot).catalog;
    server.handler = respondWith({
      ...ollamaWith('a:1b', 'b:2b'),
      '/api/ps': { models: [{ name: 'b:2b' }] },
    });
    const known = await store.when(
      (snapshot) => modelsIn(snapshot, 'o').includes('b:2b'),
      'the pulled model',
    );
    assert.ok(known.catalog.revision > revision);
    const complete = await store.when((snapshot) => {
      const model = snapshot.catalog.models.find(({ id }) => id === 'b:2b');
      return (
        model?.capabilities.includes('function-calling') === true &&
        model.locations[0]?.model.resident === true
      );
    }, 'its capabilities and residency');
    assert.equal(endpointIn(complete, 'o').serverVersion, '0.33.0');
  });

  test('lists new models while the server does not respond to requests for details', async (t) => {
    const routes = ollamaWith('a:1b', 'b:1b', 'c:1b', 'd:1b', 'e:1b', 'f:1b');
    const handler = respondWith(routes);
    const server = await startServer(t, (request, response) => {
      if (request.url !== '/api/show') handler(request, response);
    });
    const store = new TestStore();
    await untilChecked(
      runTestAgent(t, store, [{ name: 'o', type: 'ollama', url: server.url, check_timeout: '200ms' }]),
      store,
    );
    await waitFor(() => server.seen.includes('POST /api/show'), { describe: 'a request for details' });
    const pulled = respondWith({ ...routes, '/api/tags': { models: [{ name: 'new:1b' }] } });
    server.handler = (request, response) => {
      if (request.url !== '/api/show') pulled(request, response);
    };
    await store.when((snapshot) => modelsIn(snapshot, 'o').includes('new:1b'), 'the pulled model');
    assert.ok(server.seen.filter((seen) => seen === 'POST /api/show').length <= 2);
  });

  test('keeps the catalog and its revision while no model changes', async (t) => {
    const server = await startServer(t, ollamaWith('a:1b'));
    const store = new TestStore();
    await untilChecked(
      runTestAgent(t, store, [{ name: 'o', type: 'ollama', url: server.url, check_interval: '50ms' }]),
      store,
    );
    const complete = await store.when(
      ({ catalog }) => catalog.models[0]?.capabilities.includes('function-calling') === true,
      'details',
    );
    const later = await store.when(
      ({ version }) => version.n >= complete.version.n + 4,
      'four more snapshots',
    );
    assert.equal(later.catalog, complete.catalog);
  });

  test('lists the models of a server that is back before the server serves', async (t) => {
    const server = await startServer(t, ollamaWith('old:1b'));
    const store = new TestStore();
    await untilChecked(
      runTestAgent(t, store, [{ name: 'o', type: 'ollama', url: server.url, check_interval: '100ms' }]),
      store,
    );
    await server.close();
    const offline = await store.when((snapshot) => stateIn(snapshot, 'o') === 'offline', 'offline');
    assert.deepEqual(modelsIn(offline, 'o'), ['old:1b'], 'its models stay known while it is down');
    server.handler = respondWith(ollamaWith('new:1b'));
    await server.open();
    const back = await store.when((snapshot) => stateIn(snapshot, 'o') === 'warming', 'warming');
    assert.deepEqual(modelsIn(back, 'o'), ['new:1b']);
    await store.when((snapshot) => stateIn(snapshot, 'o') === 'healthy', 'healthy');
  });

  test('reports each change of state as one event and one line, and the states at the start at level debug', async (t) => {
    const server = await startServer(t, ollamaWith('a:1b'));
    const store = new TestStore();
    await untilChecked(runTestAgent(t, store, [{ name: 'o', type: 'ollama', url: server.url }]), store);
    await server.close();
    store.refresh();
    await store.when((snapshot) => stateIn(snapshot, 'o') === 'offline', 'offline');
    await server.open();
    await store.when((snapshot) => stateIn(snapshot, 'o') === 'healthy', 'healthy');
    const event = { kind: 'state', endpoint: 'o', by: 'agent-1' };
    assert.deepEqual(store.events, [
      { ...event, from: 'unknown', to: 'healthy', reason: '' },
      { ...event, from: 'healthy', to: 'offline', reason: 'connection refused' },
      { ...event, from: 'offline', to: 'warming', reason: 'coming back' },
      { ...event, from: 'warming', to: 'healthy', reason: '' },
    ]);
    assert.deepEqual(
      store.lines.filter((line) => line.includes('endpoint o ')),
      [
        'debug endpoint o state unknown → healthy',
        'warn endpoint o state healthy → offline: connection refused',
        'info endpoint o state offline → warming: coming back',
        'info endpoint o state warming → healthy',
      ],
    );
  });

  test('checks an ejected endpoint at once and publishes the outcome', async (t) => {
    const server = await startServer(t, ollamaWith('a:1b'));
    const store = new TestStore();
    await untilChecked(runTestAgent(t, store, [{ name: 'o', type: 'ollama', url: server.url }]), store);
    const { key, checkedAt } = endpointIn(store.newest, 'o');
    store.eject(key);
    await store.when(
      (snapshot) => (endpointIn(snapshot, 'o').checkedAt ?? 0) > (checkedAt ?? 0),
      'checked again',
    );
    await server.close();
    store.eject(key);
    await store.when((snapshot) => stateIn(snapshot, 'o') === 'offline', 'offline');
  });

  test('publishes config_error after 401, healthy with a pause of its checks after 429, and the reason of a server that loads its model', async (t) => {
    const llama = { '/health': { status: 'ok' }, '/v1/models': 401 };
    const locked = await startServer(t, llama);
    const limited = await startServer(t, { '/health': 429 });
    const loading = await startServer(t, (_, response) => {
      response.writeHead(503).end('{"error":{"message":"Loading model","code":503}}');
    });
    const store = new TestStore();
    await untilChecked(
      runTestAgent(t, store, [
        { name: 'locked', type: 'llamacpp', url: locked.url },
        { name: 'limited', type: 'vllm', url: limited.url },
        { name: 'loading', type: 'llamacpp', url: loading.url },
      ]),
      store,
    );
    const snapshot = store.newest as Snapshot;
    assert.equal(stateIn(snapshot, 'locked'), 'config_error');
    assert.match(endpointIn(snapshot, 'locked').reason, /auth/);
    assert.equal(stateIn(snapshot, 'limited'), 'healthy');
    assert.match(endpointIn(snapshot, 'limited').reason, /limits the requests of health checks/);
    const { nextCheckAt, checkedAt } = endpointIn(snapshot, 'limited');
    assert.ok((nextCheckAt ?? 0) - (checkedAt ?? 0) >= 59_000, 'the next check waits for Retry-After');
    assert.equal(stateIn(snapshot, 'loading'), 'unhealthy');
    assert.match(endpointIn(snapshot, 'loading').reason, /loading its model/);
  });

  test('makes no probe until Retry-After has passed when the model list answers 429', async (t) => {
    const routes = { '/health': 'ok', '/v1/models': { object: 'list', data: [{ id: 'm' }] } };
    const server = await startServer(t, routes);
    const store = new TestStore();
    await untilChecked(
      runTestAgent(t, store, [{ name: 'v', type: 'vllm', url: server.url, check_interval: '20ms' }]),
      store,
    );
    server.handler = respondWith({ ...routes, '/v1/models': 429 });
    const limited = await store.when(
      (snapshot) => endpointIn(snapshot, 'v').reason.includes('429'),
      'the reason that names the 429',
    );
    const seenBefore = server.seen.length;
    await store.when(({ version }) => version.n > limited.version.n, 'the next heartbeat');
    assert.equal(stateIn(store.newest as Snapshot, 'v'), 'healthy');
    assert.ok(server.seen.length <= seenBefore + 1, 'at most the probe under way was sent');
    assert.deepEqual(modelsIn(store.newest as Snapshot, 'v'), ['m']);
  });

  test('takes the models from a health check that is the model list, and requests no other list', async (t) => {
    const list = (...ids: string[]) => ({
      '/v1/models': { object: 'list', data: ids.map((id) => ({ id })) },
    });
    const server = await startServer(t, list('a'));
    const store = new TestStore();
    const endpoint = { name: 'p', type: 'openai-compatible', url: server.url, check_interval: '400ms' };
    const startedAt = Date.now();
    await untilChecked(runTestAgent(t, store, [endpoint]), store);
    assert.deepEqual(modelsIn(store.newest as Snapshot, 'p'), ['a']);
    server.handler = respondWith(list('a', 'b'));
    await store.when((snapshot) => modelsIn(snapshot, 'p').length === 2, 'the new model');
    await waitFor(() => server.seen.length >= 8, { describe: 'more checks' });
    const checks = (Date.now() - startedAt) / 360 + 1;
    assert.ok(server.seen.length <= checks, `${server.seen.length} requests, ${checks} checks at most`);
  });

  test('keeps a listed endpoint in service while its list answers 429, and lists it again after Retry-After', async (t) => {
    let isLimited = false;
    const server = await startServer(t, (_, response) => {
      if (isLimited) response.writeHead(429, { 'retry-after': '1' }).end();
      else response.writeHead(200).end('{"object":"list","data":[{"id":"m"}]}');
    });
    const store = new TestStore();
    const endpoint = { name: 'p', type: 'openai-compatible', url: server.url, check_interval: '20ms' };
    await untilChecked(runTestAgent(t, store, [endpoint]), store);
    isLimited = true;
    await store.when((snapshot) => endpointIn(snapshot, 'p').reason.includes('429'), 'the 429');
    const pausedAt = Date.now();
    assert.equal(stateIn(store.newest as Snapshot, 'p'), 'healthy');
    assert.deepEqual(modelsIn(store.newest as Snapshot, 'p'), ['m']);
    isLimited = false;
    await store.when((snapshot) => endpointIn(snapshot, 'p').reason === '', 'the next check');
    assert.ok(Date.now() - pausedAt >= 900, 'the pause lasts for Retry-After');
    assert.ok(!store.events.some(({ kind, from }) => kind === 'state' && from === 'healthy'));
  });

  test('keeps an endpoint healthy and names model_url when its models cannot be listed', async (t) => {
    const server = await startServer(t, { '/health': 'ok' });
    const store = new TestStore();
    await untilChecked(runTestAgent(t, store, [{ name: 'v', type: 'vllm', url: server.url }]), store);
    const { state, reason } = endpointIn(store.newest, 'v');
    assert.equal(state, 'healthy');
    assert.match(reason, /could not be listed: \/v1\/models answered 404\. Set model_url/);
  });

  test('lists models at the older path of LM Studio when the newer one answers 404', async (t) => {
    const server = await startServer(t, { '/v1/models': { object: 'list', data: [{ id: 'phi' }] } });
    const store = new TestStore();
    await untilChecked(runTestAgent(t, store, [{ name: 's', type: 'lm-studio', url: server.url }]), store);
    assert.deepEqual(modelsIn(store.newest as Snapshot, 's'), ['phi']);
  });

  test('finds the type of an auto endpoint, and asks the operator to set it when no type matches', async (t) => {
    const llama = await startServer(t, {
      '/health': { status: 'ok' },
      '/props': { total_slots: 4 },
      '/v1/models': { data: [{ id: 'tiny', owned_by: 'llamacpp', meta: { n_params: 8e9 } }] },
      '/slots': [{ is_processing: true }, { is_processing: false }],
    });
    const page = await startServer(t, { '/': '<html>' });
    const store = new TestStore();
    await untilChecked(
      runTestAgent(t, store, [
        { name: 'found', type: 'auto', url: llama.url },
        { name: 'page', type: 'auto', url: page.url },
      ]),
      store,
    );
    assert.equal(endpointIn(store.newest, 'found').type, 'llamacpp');
    assert.match(endpointIn(store.newest, 'page').reason, /Set its type/);
    const busy = await store.when((snapshot) => endpointIn(snapshot, 'found').load !== null, 'its load');
    const { slots, running, queued } = endpointIn(busy, 'found').load ?? {};
    assert.deepEqual([slots, running, queued], [4, 1, null]);
  });

  test('sends credentials, configured headers and its user agent with every probe', async (t) => {
    const server = await startServer(t, ollamaWith('a:1b'));
    const store = new TestStore();
    await untilChecked(
      runTestAgent(t, store, [
        {
          name: 'o',
          type: 'ollama',
          url: server.url,
          auth: { type: 'bearer', token: 'secret' },
          headers: { 'X-Team': 'blue' },
        },
      ]),
      store,
    );
    assert.ok(server.headersSeen.length > 0);
    for (const headers of server.headersSeen) {
      assert.equal(headers.authorization, 'Bearer secret');
      assert.equal(headers['x-team'], 'blue');
      assert.equal(headers['user-agent'], 'olla-agent/9.9.9');
    }
  });

  test('leaves out the models that model_filter excludes', async (t) => {
    const server = await startServer(t, ollamaWith('keep:1b', 'drop:1b'));
    const store = new TestStore();
    const filtered = { name: 'o', type: 'ollama', url: server.url, model_filter: { exclude: ['drop*'] } };
    const snapshot = await untilChecked(runTestAgent(t, store, [filtered]), store);
    assert.deepEqual(modelsIn(snapshot, 'o'), ['keep:1b']);
  });

  test('keeps two endpoints with the same URL apart', async (t) => {
    const server = await startServer(t, ollamaWith('a:1b'));
    const store = new TestStore();
    await untilChecked(
      runTestAgent(t, store, [
        { name: 'one', type: 'ollama', url: server.url },
        { name: 'two', type: 'ollama', url: server.url },
      ]),
      store,
    );
    const { catalog } = store.newest as Snapshot;
    assert.deepEqual(
      catalog.models[0]?.locations.map((location) => location.endpoint),
      ['one', 'two'],
    );
  });

  test('checks and lists all endpoints again after a refresh', async (t) => {
    const server = await startServer(t, ollamaWith('a:1b'));
    const store = new TestStore();
    await untilChecked(runTestAgent(t, store, [{ name: 'o', type: 'ollama', url: server.url }]), store);
    const { checkedAt } = endpointIn(store.newest, 'o');
    server.handler = respondWith(ollamaWith('z:1b'));
    store.refresh();
    const listed = await store.when((snapshot) => modelsIn(snapshot, 'o').includes('z:1b'), 'the new list');
    assert.deepEqual(modelsIn(listed, 'o'), ['z:1b']);
    await store.when(
      (snapshot) => endpointIn(snapshot, 'o').listedAfterRefresh === 1,
      'the list to be known as one after the refresh',
    );
    await store.when(
      (snapshot) => (endpointIn(snapshot, 'o').checkedAt ?? 0) > (checkedAt ?? 0),
      'checked again',
    );
  });
});
