import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Gateway } from '@olla/testing/olla-process';
import { startSimulator, type Simulator } from '@olla/testing/simulator-process';
import { Started } from '@olla/testing/started';
import { Ollama } from 'ollama';
import { startGatewayFor, waitForModel, waitForModelGone } from './start-gateway-for.ts';

describe("Ollama's management calls", () => {
  let fleet: Simulator;
  let gateway: Gateway;
  let ollama: Ollama;
  const started = new Started();
  before(async () => {
    fleet = started.add(
      await startSimulator({
        timeScale: 50,
        servers: [
          { name: 'spare', type: 'ollama', models: [{ name: 'llama3.1:8b', loaded: true }, 'gemma3:4b'] },
          { name: 'main', type: 'ollama', models: [{ name: 'phi4:14b', loaded: true }] },
          { name: 'cards', type: 'vllm', models: ['only/on-cards'] },
        ],
      }),
    );
    gateway = started.add(
      await startGatewayFor({
        endpoints: fleet.servers.map(({ name, url, type }) => ({
          name,
          url,
          type,
          priority: name === 'main' ? 200 : 100,
        })),
        // The interval is so long that only a refresh lists a model at once.
        config: { discovery: { model_discovery: { interval: '10m' } } },
        models: ['llama3.1:8b', 'phi4:14b'],
      }),
    );
    ollama = new Ollama({ host: `${gateway.url}/olla/ollama` });
  });
  after(() => started.stop());

  async function call(
    method: string,
    path: string,
    body: unknown,
    headers: Record<string, string> = {},
  ): Promise<Response> {
    return fetch(`${gateway.url}/olla/ollama${path}`, {
      method,
      headers: { connection: 'close', ...headers },
      body: JSON.stringify(body),
    });
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
    const again = await call('DELETE', '/api/delete', { name: 'gemma-copy:1' });
    assert.deepEqual([again.status, again.headers.get('x-olla-error-code')], [404, 'MODEL_NOT_FOUND']);
    await again.text();
  });
});
