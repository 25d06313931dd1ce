import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { settingsSchema } from '@olla/config/schema';
import type { Instance } from '@olla/core/instance';
import type { EndpointSnapshot, Snapshot } from '@olla/core/snapshot';
import { waitFor } from '@olla/testing/wait-for';
import { runAgent } from './agent.ts';
import type { RunningAgent } from './agent.ts';
import type { AgentLog } from './agent-log.ts';
import { answering, ollamaWith, TestServer } from './test-server.ts';
import type { Handler } from './test-server.ts';
import { TestStore } from './test-state.ts';

const quiet: AgentLog = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};

type EndpointInput = { name: string; type: string; url: string } & Record<string, unknown>;

async function serve(t: TestContext, handler: Handler | Record<string, unknown>): Promise<TestServer> {
  const server = await TestServer.start(typeof handler === 'function' ? handler : answering(handler));
  t.after(() => server.close());
  return server;
}

function start(t: TestContext, store: TestStore, endpoints: EndpointInput[], id = 'agent-1'): RunningAgent {
  const settings = settingsSchema.parse({
    discovery: {
      static: {
        endpoints: endpoints.map((one) => ({ check_interval: '60s', check_timeout: '500ms', ...one })),
      },
    },
  });
  const self: Instance = {
    id,
    role: 'agent',
    host: 'h',
    gateway: id,
    pid: 1,
    version: '9.9.9',
    startedAt: 0,
    configHash: '',
  };
  const agent = runAgent({ settings, state: store.view(id), self, log: quiet });
  t.after(() => agent.stop());
  return agent;
}

function endpoint(snapshot: Snapshot | undefined, name: string): EndpointSnapshot {
  const found = snapshot?.endpoints.find((one) => one.name === name);
  assert.ok(found, `endpoint ${name}`);
  return found;
}

const stateOf = (snapshot: Snapshot, name: string): string => endpoint(snapshot, name).state;

function namesAt(snapshot: Snapshot, name: string): string[] {
  return snapshot.catalog.models
    .flatMap(({ locations }) => locations)
    .filter((at) => at.endpoint === name)
    .map((at) => at.model.name);
}

test('the first snapshot holds every endpoint, and waits for no dead or hanging one', async (t) => {
  const alive = await serve(t, ollamaWith('llama3.1:8b'));
  const hanging = await serve(t, () => undefined);
  const dead = await TestServer.start(answering({}));
  await dead.close();
  const store = new TestStore();
  const startedAt = performance.now();
  const agent = start(t, store, [
    { name: 'alive', type: 'ollama', url: alive.url },
    { name: 'hanging', type: 'vllm', url: hanging.url },
    { name: 'dead', type: 'vllm', url: dead.url },
  ]);
  await agent.ready;
  assert.ok(performance.now() - startedAt < 1_500);
  const first = store.snapshots[0];
  assert.ok(first);
  assert.equal(stateOf(first, 'alive'), 'healthy');
  assert.equal(stateOf(first, 'hanging'), 'unknown');
  assert.equal(stateOf(first, 'dead'), 'offline');
  assert.equal(endpoint(first, 'dead').reason, 'connection refused');
  assert.deepEqual(namesAt(first, 'alive'), ['llama3.1:8b']);
  await store.when(
    (snapshot) => stateOf(snapshot, 'hanging') === 'unhealthy',
    'the hanging one is unhealthy',
  );
});

test('a fleet without endpoints is published too', async (t) => {
  const store = new TestStore();
  await start(t, store, []).ready;
  assert.deepEqual(store.newest?.endpoints, []);
  assert.deepEqual(store.newest?.catalog.models, []);
});

test('a pulled model is known within about two seconds, with what only show tells', async (t) => {
  const server = await serve(t, ollamaWith('a:1b'));
  const store = new TestStore();
  await start(t, store, [{ name: 'o', type: 'ollama', url: server.url }]).ready;
  const { revision } = (store.newest as Snapshot).catalog;
  server.handler = answering({ ...ollamaWith('a:1b', 'b:2b'), '/api/ps': { models: [{ name: 'b:2b' }] } });
  const known = await store.when(
    (snapshot) => namesAt(snapshot, 'o').includes('b:2b'),
    'the pulled model',
    3_000,
  );
  assert.ok(known.catalog.revision > revision);
  const complete = await store.when((snapshot) => {
    const model = snapshot.catalog.models.find(({ id }) => id === 'b:2b');
    return (
      model?.capabilities.includes('function-calling') === true && model.locations[0]?.model.resident === true
    );
  }, 'its capabilities and residency');
  assert.equal(endpoint(complete, 'o').serverVersion, '0.33.0');
});

test('a server that keeps silent about details is listed all the same', async (t) => {
  const routes = ollamaWith('a:1b', 'b:1b', 'c:1b', 'd:1b', 'e:1b', 'f:1b');
  const handler = answering(routes);
  const server = await serve(t, (request, response) => {
    if (request.url !== '/api/show') handler(request, response);
  });
  const store = new TestStore();
  await start(t, store, [{ name: 'o', type: 'ollama', url: server.url, check_timeout: '200ms' }]).ready;
  await waitFor(() => server.seen.includes('POST /api/show'), { describe: 'a question about details' });
  const pulled = answering({ ...routes, '/api/tags': { models: [{ name: 'new:1b' }] } });
  server.handler = (request, response) => {
    if (request.url !== '/api/show') pulled(request, response);
  };
  await store.when((snapshot) => namesAt(snapshot, 'o').includes('new:1b'), 'the pulled model', 3_000);
  assert.ok(server.seen.filter((seen) => seen === 'POST /api/show').length <= 2);
});

test('an unchanged fleet keeps its catalog and its revision', async (t) => {
  const server = await serve(t, ollamaWith('a:1b'));
  const store = new TestStore();
  await start(t, store, [{ name: 'o', type: 'ollama', url: server.url, check_interval: '50ms' }]).ready;
  const settled = await store.when(
    ({ catalog }) => catalog.models[0]?.capabilities.includes('function-calling') === true,
    'details',
  );
  const later = await store.when(({ version }) => version.n >= settled.version.n + 4, 'four more snapshots');
  assert.equal(later.catalog, settled.catalog);
});

test('an endpoint that comes back is listed before it is routable, and warms up', async (t) => {
  const server = await serve(t, ollamaWith('old:1b'));
  const store = new TestStore();
  await start(t, store, [{ name: 'o', type: 'ollama', url: server.url, check_interval: '100ms' }]).ready;
  await server.close();
  const away = await store.when((snapshot) => stateOf(snapshot, 'o') === 'offline', 'offline');
  assert.deepEqual(namesAt(away, 'o'), ['old:1b'], 'its models stay known while it is away');
  server.handler = answering(ollamaWith('new:1b'));
  await server.open();
  const back = await store.when((snapshot) => stateOf(snapshot, 'o') === 'warming', 'warming');
  assert.deepEqual(namesAt(back, 'o'), ['new:1b']);
  await store.when((snapshot) => stateOf(snapshot, 'o') === 'healthy', 'healthy');
});

test('an ejection is looked into at once, and the outcome told', async (t) => {
  const server = await serve(t, ollamaWith('a:1b'));
  const store = new TestStore();
  await start(t, store, [{ name: 'o', type: 'ollama', url: server.url }]).ready;
  const { key, checkedAt } = endpoint(store.newest, 'o');
  store.eject(key);
  await store.when(
    (snapshot) => (endpoint(snapshot, 'o').checkedAt ?? 0) > (checkedAt ?? 0),
    'checked again',
    1_000,
  );
  await server.close();
  store.eject(key);
  await store.when((snapshot) => stateOf(snapshot, 'o') === 'offline', 'offline', 1_000);
});

test('what operators have to mend is told from what passes', async (t) => {
  const llama = { '/health': { status: 'ok' }, '/v1/models': 401 };
  const locked = await serve(t, llama);
  const limited = await serve(t, { '/health': 429 });
  const loading = await serve(t, (_, response) => {
    response.writeHead(503).end('{"error":{"message":"Loading model","code":503}}');
  });
  const store = new TestStore();
  await start(t, store, [
    { name: 'locked', type: 'llamacpp', url: locked.url },
    { name: 'limited', type: 'vllm', url: limited.url },
    { name: 'loading', type: 'llamacpp', url: loading.url },
  ]).ready;
  const snapshot = store.newest as Snapshot;
  assert.equal(stateOf(snapshot, 'locked'), 'config_error');
  assert.match(endpoint(snapshot, 'locked').reason, /auth/);
  assert.equal(stateOf(snapshot, 'limited'), 'rate_limited');
  const { nextCheckAt, checkedAt } = endpoint(snapshot, 'limited');
  assert.ok((nextCheckAt ?? 0) - (checkedAt ?? 0) >= 59_000, 'left alone for Retry-After');
  assert.equal(stateOf(snapshot, 'loading'), 'unhealthy');
  assert.match(endpoint(snapshot, 'loading').reason, /loading its model/);
});

test('a limit met while listing models is waited out by all checks', async (t) => {
  const routes = { '/health': 'ok', '/v1/models': { object: 'list', data: [{ id: 'm' }] } };
  const server = await serve(t, routes);
  const store = new TestStore();
  await start(t, store, [{ name: 'v', type: 'vllm', url: server.url, check_interval: '20ms' }]).ready;
  server.handler = answering({ ...routes, '/v1/models': 429 });
  const limited = await store.when((snapshot) => stateOf(snapshot, 'v') === 'rate_limited', 'rate_limited');
  const asked = server.seen.length;
  await store.when(({ version }) => version.n > limited.version.n, 'the next beat');
  assert.equal(stateOf(store.newest as Snapshot, 'v'), 'rate_limited');
  assert.ok(server.seen.length <= asked + 1, 'at most a check that was under way');
  assert.deepEqual(namesAt(store.newest as Snapshot, 'v'), ['m']);
});

test('models that cannot be listed leave the endpoint healthy and say where to look', async (t) => {
  const server = await serve(t, { '/health': 'ok' });
  const store = new TestStore();
  await start(t, store, [{ name: 'v', type: 'vllm', url: server.url }]).ready;
  const { state, reason } = endpoint(store.newest, 'v');
  assert.equal(state, 'healthy');
  assert.match(reason, /could not be listed: \/v1\/models answered 404; set model_url/);
});

test('an older LM Studio is listed by its OpenAI path', async (t) => {
  const server = await serve(t, { '/v1/models': { object: 'list', data: [{ id: 'phi' }] } });
  const store = new TestStore();
  await start(t, store, [{ name: 's', type: 'lm-studio', url: server.url }]).ready;
  assert.deepEqual(namesAt(store.newest as Snapshot, 's'), ['phi']);
});

test('auto finds the type out, and says so where it cannot', async (t) => {
  const llama = await serve(t, {
    '/health': { status: 'ok' },
    '/props': { total_slots: 4 },
    '/v1/models': { data: [{ id: 'tiny', owned_by: 'llamacpp', meta: { n_params: 8e9 } }] },
    '/slots': [{ is_processing: true }, { is_processing: false }],
  });
  const page = await serve(t, { '/': '<html>' });
  const store = new TestStore();
  await start(t, store, [
    { name: 'found', type: 'auto', url: llama.url },
    { name: 'page', type: 'auto', url: page.url },
  ]).ready;
  assert.equal(endpoint(store.newest, 'found').type, 'llamacpp');
  assert.match(endpoint(store.newest, 'page').reason, /set its type/);
  const busy = await store.when((snapshot) => endpoint(snapshot, 'found').load !== null, 'its load');
  const { slots, running, queued } = endpoint(busy, 'found').load ?? {};
  assert.deepEqual([slots, running, queued], [4, 1, null]);
});

test('credentials, own headers and our name go with every probe; filters hold models back', async (t) => {
  const server = await serve(t, ollamaWith('keep:1b', 'drop:1b'));
  const store = new TestStore();
  await start(t, store, [
    {
      name: 'o',
      type: 'ollama',
      url: server.url,
      auth: { type: 'bearer', token: 'secret' },
      headers: { 'X-Team': 'blue' },
      model_filter: { exclude: ['drop*'] },
    },
  ]).ready;
  assert.deepEqual(namesAt(store.newest as Snapshot, 'o'), ['keep:1b']);
  assert.ok(server.headersSeen.length > 0);
  for (const headers of server.headersSeen) {
    assert.equal(headers.authorization, 'Bearer secret');
    assert.equal(headers['x-team'], 'blue');
    assert.equal(headers['user-agent'], 'olla-agent/9.9.9');
  }
});

test('two endpoints with one URL stay two', async (t) => {
  const server = await serve(t, ollamaWith('a:1b'));
  const store = new TestStore();
  await start(t, store, [
    { name: 'one', type: 'ollama', url: server.url },
    { name: 'two', type: 'ollama', url: server.url },
  ]).ready;
  const { catalog } = store.newest as Snapshot;
  assert.deepEqual(
    catalog.models[0]?.locations.map((at) => at.endpoint),
    ['one', 'two'],
  );
});

test('a refresh checks and lists everything again', async (t) => {
  const server = await serve(t, ollamaWith('a:1b'));
  const store = new TestStore();
  await start(t, store, [{ name: 'o', type: 'ollama', url: server.url }]).ready;
  const { checkedAt } = endpoint(store.newest, 'o');
  server.handler = answering(ollamaWith('z:1b'));
  store.refresh();
  const listed = await store.when(
    (snapshot) => namesAt(snapshot, 'o').includes('z:1b'),
    'the new list',
    1_000,
  );
  assert.deepEqual(namesAt(listed, 'o'), ['z:1b']);
  await store.when(
    (snapshot) => (endpoint(snapshot, 'o').checkedAt ?? 0) > (checkedAt ?? 0),
    'checked again',
    1_000,
  );
});

test('one of two agents leads; the other takes over with what was known', async (t) => {
  const server = await serve(t, ollamaWith('a:1b'));
  const store = new TestStore();
  const endpoints = [{ name: 'o', type: 'ollama', url: server.url }];
  const first = start(t, store, endpoints, 'agent-1');
  await first.ready;
  const second = start(t, store, endpoints, 'agent-2');
  await second.ready;
  assert.equal(first.leading(), true);
  assert.equal(second.leading(), false);
  const before = store.newest as Snapshot;
  await first.stop();
  const taken = await store.when(({ agent }) => agent === 'agent-2', 'the second publishes');
  assert.ok(taken.version.token > before.version.token);
  assert.equal(stateOf(taken, 'o'), 'healthy');
  assert.equal(taken.catalog.models[0]?.created, before.catalog.models[0]?.created);
});

test('a leader that was paused while another took over stands down', async (t) => {
  const server = await serve(t, ollamaWith('a:1b'));
  const store = new TestStore();
  const endpoints = [{ name: 'o', type: 'ollama', url: server.url }];
  const first = start(t, store, endpoints, 'agent-1');
  await first.ready;
  store.expireLead();
  const lead = await store.view('agent-2').campaign(60_000, 0);
  assert.ok(lead.leading);
  const newer: Snapshot = {
    ...(store.newest as Snapshot),
    version: { token: lead.token, n: 1 },
    agent: 'agent-2',
  };
  assert.equal(await store.view('agent-2').publishSnapshot(newer), 'published');
  const { key } = endpoint(newer, 'o');
  await server.close();
  store.eject(key);
  await waitFor(() => !first.leading(), { describe: 'the old leader standing down' });
  assert.equal(store.newest, newer, 'nothing of the old leader overwrote it');
});

test('a store that is away delays nothing but the publication', async (t) => {
  const server = await serve(t, ollamaWith('a:1b'));
  const store = new TestStore();
  const agent = start(t, store, [{ name: 'o', type: 'ollama', url: server.url, check_interval: '100ms' }]);
  await agent.ready;
  const { key } = endpoint(store.newest, 'o');
  store.away = true;
  await server.close();
  store.eject(key);
  const count = store.snapshots.length;
  await waitFor(() => store.refusals >= 2, { describe: 'publications that fail' });
  assert.equal(store.snapshots.length, count);
  store.away = false;
  await store.when((snapshot) => stateOf(snapshot, 'o') === 'offline', 'what happened meanwhile');
});

test('an agent that starts while the store is away is ready, and publishes when it is back', async (t) => {
  const store = new TestStore();
  store.away = true;
  const agent = start(t, store, []);
  await agent.ready;
  assert.equal(agent.leading(), false);
  store.away = false;
  await store.when(() => true, 'a first snapshot');
});
