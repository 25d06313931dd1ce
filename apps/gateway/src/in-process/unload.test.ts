import assert from 'node:assert/strict';
import { describe, test, type TestContext } from 'node:test';
import { assertOllamaError } from '@olla/testing/assert-response';
import { jsonResponse, whenComplete } from '@olla/testing/raw-backend';
import { callBytes } from '@olla/testing/request-bytes';
import { FakeOllama } from '../../testing/fake-ollama.ts';
import {
  startWithBackends,
  type BackendSpec,
  type GatewayWithBackends,
} from '../../testing/gateway-with-backends.ts';

const NAMES = ['a', 'b', 'c'] as const;
type Name = (typeof NAMES)[number];

describe("a call of Ollama's API that unloads a model", () => {
  interface Started extends GatewayWithBackends<Name> {
    readonly servers: Readonly<Record<Name, FakeOllama>>;
    readonly call: (path: string, body: object, headers?: readonly string[]) => Promise<string | undefined>;
  }

  async function start(t: TestContext): Promise<Started> {
    const server = (): FakeOllama => new FakeOllama('m:latest');
    const servers = { a: server(), b: server(), c: server() };
    const spec = ({ respond }: FakeOllama): BackendSpec => ({
      type: 'ollama',
      models: [{ name: 'm:latest', resident: false }],
      respond,
    });
    const specs = { a: spec(servers.a), b: spec(servers.b), c: spec(servers.c) };
    const started = await startWithBackends(t, specs, {
      config: { proxy: { sticky_sessions: { enabled: true } } },
    });
    return {
      ...started,
      servers,
      async call(path, body, headers) {
        const response = await started.send(callBytes('POST', `/olla/ollama${path}`, body, headers));
        assert.equal(response.status, 200);
        return response.header('x-olla-endpoint');
      },
    };
  }

  for (const [path, body] of [
    ['/api/generate', { model: 'm', keep_alive: 0 }],
    ['/api/generate', { model: 'm', prompt: '', keep_alive: '0s' }],
    ['/api/chat', { model: 'm', messages: [], keep_alive: 0 }],
    ['/api/chat', { model: 'm:latest', keep_alive: '-0m' }],
  ] as const)
    for (const name of NAMES)
      test(`goes to the server that loaded the model a moment before: ${path} ${JSON.stringify(body)} ${name}`, async (t) => {
        const { servers, call } = await start(t);
        servers[name].loaded.add('m:latest');
        assert.equal(await call(path, body), name);
        assert.equal(servers[name].loaded.size, 0);
      });

  test('goes to each server in turn that has it in memory', async (t) => {
    const { servers, call } = await start(t);
    for (const name of NAMES) servers[name].loaded.add('m:latest');
    for (const _ of NAMES) await call('/api/generate', { model: 'm', keep_alive: 0 });
    for (const name of NAMES) assert.equal(servers[name].loaded.size, 0, name);
  });

  test('goes to any server if none has it in memory, and to the one that the client names', async (t) => {
    const { servers, call } = await start(t);
    assert.ok(await call('/api/generate', { model: 'm', keep_alive: 0 }));
    servers.a.loaded.add('m:latest');
    const target = ['X-Olla-Target: c'];
    assert.equal(await call('/api/generate', { model: 'm', keep_alive: 0 }, target), 'c');
  });

  for (const body of [
    { model: 'm', prompt: 'hi', keep_alive: 0 },
    { model: 'm', messages: [{ role: 'user', content: 'hi' }], keep_alive: 0 },
    { model: 'm', keep_alive: '5m' },
    { model: 'm', keep_alive: -1 },
    { model: 'm', keep_alive: '00x' },
  ])
    test(`is no such call if it asks for an answer, and no server is asked: ${JSON.stringify(body)}`, async (t) => {
      const { backends, call } = await start(t);
      await call('/api/generate', body);
      const targets = NAMES.flatMap((name) => backends[name].requests.map(({ target }) => target));
      assert.deepEqual(targets, ['/api/generate']);
    });
});

test('a call that unloads a model leaves its fallback in memory', async (t) => {
  const spec = (name: string): BackendSpec => ({ type: 'ollama', models: [{ name, resident: true }] });
  const { gateway, backends, send } = await startWithBackends(
    t,
    { a: spec('m:latest'), b: spec('other:latest') },
    { config: { model_fallbacks: { m: ['other'] } } },
  );
  const unload = callBytes('POST', '/olla/ollama/api/generate', { model: 'm', keep_alive: 0 });
  assert.equal((await send(unload)).header('x-olla-endpoint'), 'a');
  await gateway.agent.publish({ a: { state: 'offline' } });
  assertOllamaError(await send(unload), 503, 'MODEL_UNAVAILABLE');
  assert.equal(backends.b.requests.length, 0);
});

describe('a call that unloads a model of another server', () => {
  for (const [type, prefix, path, body, resident] of [
    ['lm-studio', 'lmstudio', '/api/v1/models/unload', { instance_id: 'org/m' }, 'org/m'],
    ['lm-studio', 'lmstudio', '/api/v1/models/unload', { instance_id: 'org/m:2' }, 'org/m'],
    ['llamacpp', 'llamacpp', '/models/unload', { model: 'org/m' }, 'org/m'],
    ['lemonade', 'lemonade', '/api/v1/unload', { model_name: 'org/m' }, 'org/m'],
  ] as const)
    test(`goes to the server that has it in memory, unchanged: ${type} ${JSON.stringify(body)}`, async (t) => {
      const spec = (loaded: boolean): BackendSpec => ({
        type,
        models: [{ name: 'org/m', resident: loaded }],
        respond: (request) =>
          whenComplete(request, () => {
            const health = { model_loaded: loaded ? resident : null };
            request.socket.write(jsonResponse(health));
          }),
      });
      const { backends, send } = await startWithBackends(t, {
        a: spec(false),
        b: spec(true),
        c: spec(false),
      });
      for (let n = 0; n < 3; n += 1) {
        const response = await send(callBytes('POST', `/olla/${prefix}${path}`, body));
        assert.deepEqual([response.status, response.header('x-olla-endpoint')], [200, 'b']);
        assert.equal(backends.b.requests.at(-1)?.body().toString(), JSON.stringify(body));
      }
    });
});

describe('a call that adds a model to a server', () => {
  for (const [type, prefix, path, body] of [
    ['lm-studio', 'lmstudio', '/api/v1/models/download', { model: 'org/new' }],
    ['lemonade', 'lemonade', '/api/v1/pull', { model_name: 'user.new', checkpoint: 'org/new:Q4' }],
  ] as const)
    test(`needs none that has it: ${type}`, async (t) => {
      const spec = (model: string): BackendSpec => ({ type, models: [model] });
      const { send } = await startWithBackends(t, { a: spec('x'), b: spec('y') });
      assert.equal((await send(callBytes('POST', `/olla/${prefix}${path}`, body))).status, 200);
    });

  test('goes to the server that has a model to delete', async (t) => {
    const spec = (model: string): BackendSpec => ({ type: 'lemonade', models: [model] });
    const { send } = await startWithBackends(t, { a: spec('x'), b: spec('y') });
    const deleted = await send(callBytes('POST', '/olla/lemonade/api/v1/delete', { model_name: 'y' }));
    assert.deepEqual([deleted.status, deleted.header('x-olla-endpoint')], [200, 'b']);
  });
});
