import assert from 'node:assert/strict';
import { describe, test, type TestContext } from 'node:test';
import type { Snapshot } from '@olla/core/snapshot';
import { EndpointType } from './endpoint-type.ts';
import type { ProbeResult } from './probe.ts';
import { endpointIn, modelsIn, runTestAgent, startServer, untilChecked } from '../testing/run-test-agent.ts';
import { SERVERS } from '../testing/servers-of-types.ts';
import { respondWith, type Handler, type TestServer } from '../testing/test-server.ts';
import { TestStore } from '../testing/test-store.ts';

const LITELLM = SERVERS['litellm'] ?? {};
const VLLM = SERVERS['vllm'] ?? {};
const QUICK = { check_interval: '1s', check_timeout: '300ms' };

/** Answers each path with `first` at its first request, and then with what the server has. */
function atFirst(first: Handler, routes: Readonly<Record<string, unknown>>): Handler {
  const asked = new Set<string>();
  const answer = respondWith(routes);
  return (request, response) => {
    const path = request.url ?? '';
    if (asked.has(path)) answer(request, response);
    else {
      asked.add(path);
      first(request, response);
    }
  };
}

async function watch(
  t: TestContext,
  server: TestServer,
  more: Record<string, unknown> = {},
): Promise<TestStore> {
  const store = new TestStore();
  const agent = runTestAgent(t, store, [{ ...QUICK, name: 'e', type: 'auto', url: server.url, ...more }]);
  await untilChecked(agent, store);
  return store;
}

const whenType = (store: TestStore, type: string): Promise<Snapshot> =>
  store.when((snapshot) => {
    const endpoint = endpointIn(snapshot, 'e');
    return endpoint.type === type && endpoint.state === 'healthy';
  }, type);

describe('type: auto', () => {
  const FAULTS: readonly (readonly [string, Handler])[] = [
    ['hangs', () => undefined],
    ['answers 503', (_, response) => void response.writeHead(503).end('{"error":"starting"}')],
    ['answers 429', (_, response) => void response.writeHead(429, { 'retry-after': '0' }).end()],
    ['breaks off', (request) => void request.socket.destroy()],
  ];
  for (const [word, first] of FAULTS)
    test(`finds every type where each path at first ${word}`, async (t) => {
      const types = Object.entries(SERVERS);
      const servers = await Promise.all(types.map(([, routes]) => startServer(t, atFirst(first, routes))));
      const store = new TestStore();
      const endpoints = types.map(([name], at) => ({ ...QUICK, name, type: 'auto', url: servers[at]?.url }));
      await untilChecked(runTestAgent(t, store, endpoints), store);
      await store.when(
        (snapshot) =>
          snapshot.endpoints.every(({ name, type, state }) => type === name && state === 'healthy'),
        'all types',
      );
    });

  test('finds LiteLLM, and its models, where its sign takes longer than every health check may', async (t) => {
    const answer = respondWith(LITELLM);
    const slow: Handler = (request, response) => {
      if (request.url === '/health/liveliness') setTimeout(() => answer(request, response), 800);
      else answer(request, response);
    };
    const server = await startServer(t, slow);
    const store = await watch(t, server, { health_check_url: '/v1/models' });
    assert.deepEqual(modelsIn(await whenType(store, 'litellm'), 'e').sort(), ['gpt-4o', 'llama3.1:8b']);
  });

  test('serves as a plain server while the type is not certain', async (t) => {
    const answer = respondWith(LITELLM);
    const server = await startServer(t, (request, response) => {
      if (request.url !== '/health/liveliness') answer(request, response);
    });
    await whenType(await watch(t, server), 'openai-compatible');
  });

  test('does not look again at a server whose type is certain', async (t) => {
    const server = await startServer(t, LITELLM);
    const store = await watch(t, server);
    const looks = (): number => server.seen.filter((line) => line === 'GET /props').length;
    assert.equal(looks(), 1);
    const { checkedAt } = endpointIn(store.newest, 'e');
    await store.when(
      (snapshot) => (endpointIn(snapshot, 'e').checkedAt ?? 0) > (checkedAt ?? 0),
      'another check',
    );
    assert.equal(looks(), 1);
  });

  test('finds another kind of server that came in place of the first, by itself or after a pause', async (t) => {
    const server = await startServer(t, LITELLM);
    const store = await watch(t, server);
    await whenType(store, 'litellm');
    server.handler = respondWith(VLLM);
    await whenType(store, 'vllm');
    await server.close();
    await store.when((snapshot) => endpointIn(snapshot, 'e').state === 'offline', 'offline');
    server.handler = respondWith(LITELLM);
    await server.open();
    await whenType(store, 'litellm');
  });

  test('goes on with the type that an earlier leader found', async (t) => {
    const server = await startServer(t, LITELLM);
    const store = new TestStore();
    const endpoint = { name: 'e', type: 'auto', url: server.url };
    const first = runTestAgent(t, store, [endpoint], 'first');
    await untilChecked(first, store);
    await first.stop();
    const count = store.snapshots.length;
    await untilChecked(runTestAgent(t, store, [endpoint], 'second'), store);
    await store.when(({ agent }) => agent === 'second', 'the second leads');
    for (const snapshot of store.snapshots.slice(count))
      assert.equal(endpointIn(snapshot, 'e').type, 'litellm');
  });
});

describe('the type of an endpoint', () => {
  const probeOf =
    (routes: Readonly<Record<string, unknown>>, silent: readonly string[] = []) =>
    (path: string): Promise<ProbeResult> => {
      const isThere = Object.hasOwn(routes, path);
      const body = routes[path];
      const response = {
        status: isThere ? 200 : 404,
        headers: {},
        body: typeof body === 'string' ? body : JSON.stringify(body ?? ''),
      };
      return Promise.resolve(
        silent.includes(path)
          ? { kind: 'no-response', reason: '' }
          : { kind: 'response', latencyMs: 1, response },
      );
    };

  test('that is certain is kept after the server was unreachable, until another one is certain', async () => {
    const type = EndpointType.of({ type: 'auto' }, null);
    await type.look(probeOf(LITELLM));
    assert.deepEqual([type.profile?.type, type.isOpen], ['litellm', false]);
    type.reopen();
    await type.look(probeOf(LITELLM, ['/health/liveliness']));
    assert.deepEqual([type.profile?.type, type.isOpen], ['litellm', true]);
    type.reopen();
    await type.look(probeOf(VLLM));
    assert.deepEqual([type.profile?.type, type.isOpen], ['vllm', false]);
  });

  test('asks again only what has not been answered, with more time and longer pauses', async () => {
    const type = EndpointType.of({ type: 'auto' }, null);
    await type.look(probeOf(LITELLM, ['/props', '/health/liveliness']));
    assert.equal(type.profile?.type, 'openai-compatible');
    assert.ok(type.nextTimeoutMs(1_000) > 1_000);
    const asked: string[] = [];
    await type.look((path) => {
      asked.push(path);
      return probeOf(LITELLM)(path);
    });
    assert.deepEqual(asked.sort(), ['/health/liveliness', '/props']);
    assert.deepEqual([type.profile?.type, type.isOpen], ['litellm', false]);
  });

  test('forgets a look that a return of the server overtakes', async () => {
    const type = EndpointType.of({ type: 'auto' }, null);
    const slow = Promise.withResolvers<void>();
    const look = type.look(async (path) => {
      await slow.promise;
      return probeOf(VLLM)(path);
    });
    type.reopen();
    await type.look(probeOf(LITELLM));
    slow.resolve();
    await look;
    assert.equal(type.profile?.type, 'litellm');
  });

  test('of the configuration is never asked for', () => {
    const type = EndpointType.of({ type: 'vllm' }, null);
    type.reopen();
    assert.deepEqual([type.profile?.type, type.isOpen], ['vllm', false]);
  });
});

describe('proxy.profile_filter', () => {
  const exclude = { proxy: { profile_filter: { exclude: ['lite*'] } } };

  test('leaves out an endpoint by the type that auto finds, and says so', async (t) => {
    const server = await startServer(t, LITELLM);
    const store = new TestStore();
    await untilChecked(
      runTestAgent(t, store, [{ name: 'e', type: 'auto', url: server.url }], 'a', exclude),
      store,
    );
    const { state, reason } = endpointIn(store.newest, 'e');
    assert.deepEqual(
      [state, reason],
      ['config_error', 'is not used: proxy.profile_filter leaves out its type, litellm'],
    );
    assert.deepEqual(store.newest?.catalog.models, []);
    assert.ok(store.lines.some((line) => line.startsWith('warn') && line.includes('profile_filter')));
  });

  test('leaves out an endpoint of that type without a request to it', async (t) => {
    const [out, used] = [await startServer(t, LITELLM), await startServer(t, VLLM)];
    const store = new TestStore();
    const endpoints = [
      { name: 'e', type: 'litellm', url: out.url },
      { name: 'v', type: 'auto', url: used.url },
    ];
    await untilChecked(runTestAgent(t, store, endpoints, 'a', exclude), store);
    assert.equal(endpointIn(store.newest, 'e').state, 'config_error');
    assert.deepEqual(out.seen, []);
    assert.equal(endpointIn(store.newest, 'v').state, 'healthy');
  });
});
