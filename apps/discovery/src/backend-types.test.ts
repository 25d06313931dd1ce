import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { settingsSchema } from '@olla/config/schema';
import { indexCatalog } from '@olla/core/catalog/index-catalog';
import type { Instance } from '@olla/core/instance';
import { runAgent } from './agent.ts';
import { SERVERS } from '../testing/servers-of-types.ts';
import { respondWith, TestServer } from '../testing/test-server.ts';
import { TestStore } from '../testing/test-store.ts';

const SELF: Instance = {
  id: 'a',
  role: 'agent',
  host: 'h',
  gateway: 'a',
  pid: 1,
  version: '1',
  startedAt: 0,
  configHash: '',
};

async function startFleet(typed: boolean) {
  const store = new TestStore();
  const servers = await Promise.all(
    Object.values(SERVERS).map((responses) => TestServer.start(respondWith(responses))),
  );
  const endpoints = Object.keys(SERVERS).map((name, at) => ({
    name,
    type: typed ? name : 'auto',
    url: servers[at]?.url,
  }));
  const log = {
    debug: () => undefined,
    info: () => undefined,
    warn: () => undefined,
    error: () => undefined,
  };
  const settings = settingsSchema.parse({ discovery: { static: { endpoints } } });
  const agent = runAgent({ settings, state: store.view('a'), self: SELF, log });
  const stop = async (): Promise<void> => {
    await agent.stop();
    await Promise.all(servers.map((server) => server.close()));
  };
  const snapshot = await store.when(
    ({ endpoints: all }) => all.every(({ state }) => state === 'healthy'),
    'healthy',
  );
  return { store, snapshot, stop };
}

describe('the agent with a server of each backend type', () => {
  test('merges the same models of servers of all types into one catalog', async (t) => {
    const { store, snapshot, stop } = await startFleet(true);
    t.after(stop);
    const places = snapshot.catalog.models.map(({ id, locations }) => [
      id,
      locations.map((at) => at.endpoint).join(' '),
    ]);
    const quantized = 'docker-model-runner lemonade llamacpp lm-studio';
    assert.deepEqual(Object.fromEntries(places), {
      'llama3.1:8b': `docker-model-runner lemonade litellm llamacpp lm-studio ollama`,
      'qwen2.5:7b': `${quantized} ollama openai-compatible`,
      'gemma3:4b': `${quantized} ollama`,
      'meta-llama/Llama-3.1-8B-Instruct': 'lmdeploy sglang vllm',
      'Qwen/Qwen2.5-7B-Instruct': 'lmdeploy sglang vllm',
      'google/gemma-3-4b-it': 'lmdeploy sglang vllm',
      'Llama-3.1-8B-Instruct-4bit': 'omlx rapid-mlx vllm-mlx',
      'Qwen2.5-7B-Instruct-4bit': 'omlx rapid-mlx vllm-mlx',
      'gemma-3-4b-it-4bit': 'omlx rapid-mlx vllm-mlx',
      'gpt-4o': 'litellm',
    });
    const index = indexCatalog(snapshot.catalog);
    assert.equal(index.find('meta-llama-3.1-8b-instruct')[0]?.id, 'llama3.1:8b');
    assert.equal(index.find('ai/gemma3:4B-Q4_K_M')[0]?.id, 'gemma3:4b');

    const read = await store.when(({ endpoints }) => {
      const loads = endpoints.filter(({ load }) => load !== null).map(({ name }) => name);
      return ['llamacpp', 'vllm', 'sglang'].every((name) => loads.includes(name));
    }, 'loads');
    const loadOf = (name: string) => read.endpoints.find((one) => one.name === name)?.load;
    assert.deepEqual([loadOf('llamacpp')?.slots, loadOf('llamacpp')?.running], [2, 1]);
    assert.deepEqual([loadOf('vllm')?.running, loadOf('vllm')?.queued], [2, 1]);
    assert.equal(loadOf('sglang')?.kvUsage, 0.25);

    const resident = await store.when(({ catalog }) => {
      const model = catalog.models.find(({ id }) => id === 'qwen2.5:7b');
      const held = model?.locations.filter((at) => at.model.resident === true).map((at) => at.endpoint);
      return held?.join(' ') === 'lemonade llamacpp ollama';
    }, 'residency');
    assert.ok(resident);
  });

  test('finds the type of each server when its type is auto', async (t) => {
    const { snapshot, stop } = await startFleet(false);
    t.after(stop);
    for (const { name, type } of snapshot.endpoints) assert.equal(type, name);
  });
});
