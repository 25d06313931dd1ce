import assert from 'node:assert/strict';
import { describe, test, type TestContext } from 'node:test';
import { assertOllamaError } from '@olla/testing/assert-response';
import { sendRaw, type RawResponse } from '@olla/testing/raw-http';
import { callBytes } from '@olla/testing/request-bytes';
import { waitFor } from '@olla/testing/wait-for';
import { FakeOllama } from '../../testing/fake-ollama.ts';
import {
  startWithBackends,
  type BackendSpec,
  type GatewayWithBackends,
} from '../../testing/gateway-with-backends.ts';

type Name = 'a' | 'b' | 'c';
const NAMES = ['a', 'b', 'c'] as const;
const D1 = `sha256:${'30e14955'.repeat(8)}`;
const D2 = `sha256:${'4a5e1e4b'.repeat(8)}`;

interface Started extends GatewayWithBackends<Name> {
  readonly servers: Readonly<Record<Name, FakeOllama>>;
  readonly call: (worker: number, method: string, path: string, body: unknown) => Promise<RawResponse>;
  /** The endpoint of a successful response. */
  readonly made: (worker: number, body: object) => Promise<string | undefined>;
}

async function start(t: TestContext): Promise<Started> {
  const servers = {
    a: new FakeOllama('tiny:latest'),
    b: new FakeOllama('mine:latest', 'base:latest'),
    c: new FakeOllama(),
  };
  const spec = ({ names, respond }: FakeOllama): BackendSpec => ({
    type: 'ollama',
    models: [...names].map((name) => ({ name, sizeBytes: 1_000 })),
    respond,
  });
  const specs = { a: spec(servers.a), b: spec(servers.b), c: spec(servers.c) };
  const started = await startWithBackends(t, specs, { workers: 2, adminToken: 'token' });
  const call: Started['call'] = (worker, method, path, body) =>
    sendRaw(started.gateway.ports[worker] ?? assert.fail(), callBytes(method, `/olla/ollama${path}`, body));
  return {
    ...started,
    servers,
    call,
    async made(worker, body) {
      const response = await call(worker, 'POST', '/api/create', body);
      assert.equal(response.status, 200, response.text());
      return response.header('x-olla-endpoint');
    },
  };
}

async function drain({ gateway, send }: Started, name: string | undefined): Promise<void> {
  const headers = 'Host: x\r\nAuthorization: Bearer token\r\nContent-Length: 0';
  const drained = await send(
    `POST /internal/endpoints/${name}/drain?force=true HTTP/1.1\r\n${headers}\r\n\r\n`,
  );
  assert.equal(drained.status, 200, drained.text());
  await waitFor(
    async () => {
      const lists = await Promise.all(
        gateway.ports.map((port) => sendRaw(port, 'GET /internal/status HTTP/1.1\r\nHost: x\r\n\r\n')),
      );
      return lists.every((list) => list.text().includes('"draining"'));
    },
    { describe: 'the drain at every worker' },
  );
}

describe('the files of a model', () => {
  test('are checked and sent at one endpoint by all calls of a client, at every worker', async (t) => {
    const { call } = await start(t);
    const homes = new Set<string | undefined>();
    for (const worker of [0, 1])
      for (const digest of [D1, D2]) {
        const before = await call(worker, 'HEAD', `/api/blobs/${digest}`, '');
        const sent = await call(1 - worker, 'POST', `/api/blobs/${digest}`, 'bytes');
        const after = await call(worker, 'HEAD', `/api/blobs/${digest}`, '');
        assert.deepEqual([before.status, sent.status, after.status], [worker === 0 ? 404 : 200, 201, 200]);
        for (const response of [before, sent, after]) homes.add(response.header('x-olla-endpoint'));
      }
    assert.equal(homes.size, 1);
  });

  for (const [what, body] of [
    ['a new model', { model: 'new', files: { 'x.gguf': D1 } }],
    ['a model that another endpoint has', { model: 'mine', files: { 'x.gguf': D1 } }],
    [
      'a model on a base that another endpoint has',
      { model: 'new', from: 'base', adapters: { 'x.gguf': D1 } },
    ],
    ['a model in the form of the command', { model: '', name: 'new', files: { 'x.gguf': D1 } }],
    ['a model of several files', { model: 'new', files: { 'x.gguf': D1 }, adapters: { 'y.gguf': D2 } }],
  ] as const)
    test(`decide where ${what} is made`, async (t) => {
      const { call, made } = await start(t);
      const home = (await call(0, 'POST', `/api/blobs/${D1}`, 'bytes')).header('x-olla-endpoint');
      await call(1, 'POST', `/api/blobs/${D2}`, 'bytes');
      for (const worker of [0, 1]) assert.equal(await made(worker, body), home);
    });

  for (const holder of NAMES)
    test(`are found at any endpoint to which they were sent before: at ${holder}`, async (t) => {
      const { servers, made } = await start(t);
      servers[holder].blobs.add(D1).add(D2);
      for (const other of NAMES) servers[other].blobs.add(D2);
      assert.equal(await made(0, { model: 'mine', files: { a: D1, b: D2 } }), holder);
    });

  test('lead the call to the endpoint that has the base too, and then to that of the name', async (t) => {
    const { servers, made } = await start(t);
    for (const name of NAMES) servers[name].blobs.add(D1);
    assert.equal(await made(0, { model: 'new', from: 'base', adapters: { a: D1 } }), 'b');
    assert.equal(await made(0, { model: 'tiny', files: { a: D1 } }), 'a');
  });

  test('are named with their endpoint when that was drained since, and go to another when sent again', async (t) => {
    const started = await start(t);
    const { call, made } = started;
    const home = (await call(0, 'POST', `/api/blobs/${D1}`, 'bytes')).header('x-olla-endpoint');
    await drain(started, home);
    const body = { model: 'new', files: { a: D1 } };
    const message = assertOllamaError(await call(1, 'POST', '/api/create', body), 503, 'MODEL_UNAVAILABLE');
    assert.match(message, new RegExp(`"new" are at ${home}, which is draining`));
    assert.equal((await call(0, 'HEAD', `/api/blobs/${D1}`, '')).status, 404);
    const next = (await call(0, 'POST', `/api/blobs/${D1}`, 'bytes')).header('x-olla-endpoint');
    assert.notEqual(next, home);
    assert.equal(await made(1, body), next);
  });

  test('that no endpoint has leave the refusal to the server', async (t) => {
    const { call } = await start(t);
    const refused = await call(0, 'POST', '/api/create', { model: 'mine', files: { a: D1 } });
    assert.deepEqual(
      [refused.status, refused.header('x-olla-endpoint'), refused.text()],
      [400, 'b', '{"error":"blob not here"}'],
    );
  });

  test('are checked at no other path: an invalid digest is not requested', async (t) => {
    const { call, backends } = await start(t);
    await call(0, 'POST', '/api/create', { model: 'mine', files: { a: '../../secret', b: 7 } });
    for (const name of NAMES)
      for (const request of backends[name].requests) assert.equal(request.target, '/api/create');
  });
});
