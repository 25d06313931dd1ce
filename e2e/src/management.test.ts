import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Gateway } from '@olla/testing/olla-process';
import { startSimulator, type Simulator } from '@olla/testing/simulator-process';
import { Ollama } from 'ollama';
import { startGatewayFor, waitForModel, waitForModelGone } from './start-gateway-for.ts';

/** Larger than max_body_size. */
const BLOB_BYTES = 3 * 1024 * 1024;

describe("Ollama's management calls", () => {
  let fleet: Simulator;
  let gateway: Gateway;
  let ollama: Ollama;
  before(async () => {
    fleet = await startSimulator({
      timeScale: 50,
      servers: [
        { name: 'spare', type: 'ollama', models: [{ name: 'llama3.1:8b', loaded: true }, 'gemma3:4b'] },
        { name: 'main', type: 'ollama', models: [{ name: 'phi4:14b', loaded: true }] },
        { name: 'cards', type: 'vllm', models: ['only/on-cards'] },
      ],
    });
    gateway = await startGatewayFor({
      endpoints: fleet.servers.map(({ name, url, type }) => ({
        name,
        url,
        type,
        priority: name === 'main' ? 200 : 100,
      })),
      // The interval is so long that only a refresh lists a model at once.
      config: {
        discovery: { model_discovery: { interval: '10m' } },
        server: { request_limits: { max_body_size: '1MB' } },
        model_aliases: { favourite: ['llama3.1:8b'] },
      },
      models: ['llama3.1:8b', 'phi4:14b'],
    });
    ollama = new Ollama({ host: `${gateway.url}/olla/ollama` });
  });
  after(async () => {
    await gateway.stop();
    await fleet.stop();
  });

  async function call(
    method: string,
    path: string,
    body: unknown,
    headers: Record<string, string> = {},
  ): Promise<Response> {
    return fetch(`${gateway.url}/olla/ollama${path}`, {
      method,
      headers: { connection: 'close', ...headers },
      body: body instanceof Buffer ? new Uint8Array(body) : JSON.stringify(body),
    });
  }

  async function codeOf(response: Response): Promise<[number, string]> {
    const { error } = (await response.json()) as { error: { code: string } };
    return [response.status, error.code];
  }

  async function endpointsOf(model: string): Promise<string[]> {
    const response = await fetch(`${gateway.url}/olla/models/${model}`);
    return ((await response.json()) as { endpoints?: string[] }).endpoints ?? [];
  }

  /** Asserts that all workers list the model within `ms`, or that none does. */
  async function assertListedWithin(ms: number, model: string, listed = true): Promise<void> {
    const startedMs = performance.now();
    await (listed ? waitForModel(gateway, model) : waitForModelGone(gateway, model));
    const tookMs = performance.now() - startedMs;
    assert.ok(tookMs < ms, `${model} took ${tookMs} ms`);
  }

  test('pulls a model to the endpoint in X-Olla-Target, relays the progress, and lists the model at once', async () => {
    const response = await call('POST', '/api/pull', { model: 'qwen3:8b' }, { 'X-Olla-Target': 'spare' });
    assert.equal(response.status, 200);
    assert.equal(response.headers.get('x-olla-endpoint'), 'spare');
    assert.equal(response.headers.get('content-type'), 'application/x-ndjson');
    const lines = (await response.text()).trim().split('\n');
    const statuses = lines.map((line) => (JSON.parse(line) as { status: string }).status);
    assert.ok(statuses.length > 5 && statuses.at(-1) === 'success', statuses.join(', '));
    await assertListedWithin(1_500, 'qwen3:8b');
    assert.deepEqual(await endpointsOf('qwen3:8b'), ['spare']);
  });

  test('pulls a new model to the endpoint of the highest priority, and a known one to its endpoint', async () => {
    for await (const part of await ollama.pull({ model: 'mistral:7b', stream: true })) assert.ok(part.status);
    await assertListedWithin(1_500, 'mistral:7b');
    assert.deepEqual(await endpointsOf('mistral:7b'), ['main']);
    const again = await call('POST', '/api/pull', { name: 'gemma3:4b' });
    assert.equal(again.headers.get('x-olla-endpoint'), 'spare');
    await again.text();
    const created = await call('POST', '/api/create', { model: 'mine', from: 'gemma3:4b' });
    assert.equal(created.headers.get('x-olla-endpoint'), 'spare', await created.text());
    await assertListedWithin(1_500, 'mine:latest');
  });

  test('sends copy, push and delete to the endpoint that has the model', async () => {
    await ollama.copy({ source: 'gemma3:4b', destination: 'gemma-copy:1' });
    await assertListedWithin(1_500, 'gemma-copy:1');
    const pushed = await call('POST', '/api/push', { name: 'gemma-copy:1', stream: false });
    assert.equal(pushed.headers.get('x-olla-endpoint'), 'spare', await pushed.text());
    await ollama.delete({ model: 'gemma-copy:1' });
    await assertListedWithin(1_500, 'gemma-copy:1', false);
    assert.deepEqual(await codeOf(await call('DELETE', '/api/delete', { name: 'gemma-copy:1' })), [
      404,
      'MODEL_NOT_FOUND',
    ]);
  });

  test('shows a model by any of its names', async () => {
    for (const body of [
      { model: 'llama3.1:8b' },
      { name: 'llama3.1:8b' },
      { name: 'favourite' },
      { model: 'Llama3.1:8B' },
    ]) {
      const response = await call('POST', '/api/show', body);
      assert.equal(response.status, 200, `${JSON.stringify(body)}: ${await response.text()}`);
      assert.equal(response.headers.get('x-olla-model'), 'llama3.1:8b');
    }
  });

  test('relays a blob larger than max_body_size to the endpoint of a new model', async () => {
    const response = await call('POST', '/api/blobs/sha256:abc', Buffer.alloc(BLOB_BYTES, 1));
    assert.equal(response.status, 201, await response.text());
    assert.equal(response.headers.get('x-olla-endpoint'), 'main');
    const received = (await fleet.requests('main')).find(({ target }) => target.startsWith('/api/blobs/'));
    assert.equal(received?.outcome, 'answered');
    const other = await call('POST', '/api/chat', { model: 'phi4:14b', filler: 'x'.repeat(BLOB_BYTES) });
    assert.deepEqual(await codeOf(other), [413, 'BODY_TOO_LARGE']);
  });

  test('refuses an unknown endpoint and a page of another origin', async () => {
    for (const name of ['nobody', 'cards'])
      assert.deepEqual(
        await codeOf(await call('POST', '/api/pull', { model: 'x' }, { 'X-Olla-Target': name })),
        [404, 'ENDPOINT_NOT_FOUND'],
      );
    for (const path of ['/api/pull', '/api/delete', '/api/blobs/sha256:abc'])
      assert.deepEqual(
        await codeOf(await call('POST', path, { model: 'phi4:14b' }, { Origin: 'https://evil.example' })),
        [403, 'FORBIDDEN_ORIGIN'],
      );
    assert.deepEqual(await endpointsOf('phi4:14b'), ['main']);
  });

  test('refuses management calls when the setting forbids them', async (t) => {
    const closed = await startGatewayFor({
      endpoints: fleet.servers.map(({ name, url, type }) => ({ name, url, type })),
      config: { proxy: { model_management: false } },
      models: ['phi4:14b'],
      workers: 1,
    });
    t.after(() => closed.stop());
    const ask = async (method: string, path: string): Promise<Response> =>
      fetch(`${closed.url}/olla/ollama${path}`, { method, body: '{"model":"phi4:14b"}' });
    assert.deepEqual(await codeOf(await ask('DELETE', '/api/delete')), [403, 'MANAGEMENT_DISABLED']);
    assert.equal((await ask('POST', '/api/show')).status, 200);
  });
});
