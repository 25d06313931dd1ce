import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { settingsSchema } from '@olla/config/schema';
import { indexCatalog } from '@olla/core/catalog/index-catalog';
import type { Instance } from '@olla/core/instance';
import { runAgent } from './agent.ts';
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

const list = (owner: string, ...entries: object[]): object => ({
  object: 'list',
  data: entries.map((entry) => ({ object: 'model', owned_by: owner, ...entry })),
});
const named = (owner: string, ...names: string[]): object => list(owner, ...names.map((id) => ({ id })));

const PUBLISHED = ['meta-llama/Llama-3.1-8B-Instruct', 'Qwen/Qwen2.5-7B-Instruct', 'google/gemma-3-4b-it'];
const MLX = ['Llama-3.1-8B-Instruct-4bit', 'Qwen2.5-7B-Instruct-4bit', 'gemma-3-4b-it-4bit'];

/** A server of each type, each with the same models under its own names for them. */
const SERVERS: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  ollama: {
    '/': 'Ollama is running',
    '/api/tags': {
      models: [
        ['llama3.1:8b', '8.0B'],
        ['qwen2.5:7b', '7.6B'],
        ['gemma3:4b', '4.3B'],
      ].map(([name, size]) => ({ name, details: { quantization_level: 'Q4_K_M', parameter_size: size } })),
    },
    '/api/ps': { models: [{ name: 'qwen2.5:7b' }] },
  },
  'lm-studio': {
    '/v1/models': named('organization_owner', 'x'),
    '/api/v0/models': list(
      'organization_owner',
      { id: 'meta-llama-3.1-8b-instruct', state: 'loaded', quantization: 'Q4_K_M', type: 'llm' },
      { id: 'qwen2.5-7b-instruct', state: 'not-loaded', quantization: 'Q4_K_M', type: 'llm' },
      { id: 'google/gemma-3-4b', state: 'not-loaded', quantization: 'Q4_K_M', type: 'vlm' },
    ),
  },
  llamacpp: {
    '/health': { status: 'ok' },
    '/v1/models': named(
      'llamacpp',
      'Meta-Llama-3.1-8B-Instruct-Q4_K_M.gguf',
      'qwen2.5-7b-instruct-q4_k_m.gguf',
      'gemma-3-4b-it-Q4_K_M.gguf',
    ),
    '/slots': [{ is_processing: true }, { is_processing: false }],
  },
  lemonade: {
    '/api/v1/health': { status: 'ok', model_loaded: 'Qwen2.5-7B-Instruct-GGUF' },
    '/api/v1/models': list(
      'lemonade',
      { id: 'Llama-3.1-8B-Instruct-GGUF', checkpoint: 'unsloth/Llama-3.1-8B-Instruct-GGUF:Q4_K_M' },
      { id: 'Qwen2.5-7B-Instruct-GGUF', checkpoint: 'unsloth/Qwen2.5-7B-Instruct-GGUF:Q4_K_M' },
      { id: 'Gemma-3-4b-it-GGUF', checkpoint: 'ggml-org/gemma-3-4b-it-GGUF:Q4_K_M' },
    ),
  },
  'docker-model-runner': {
    '/engines/v1/models': named(
      'docker',
      'ai/llama3.1:8B-Q4_K_M',
      'ai/qwen2.5:7B-Q4_K_M',
      'ai/gemma3:4B-Q4_K_M',
    ),
  },
  vllm: {
    '/health': '',
    '/v1/models': list('vllm', ...PUBLISHED.map((id) => ({ id, max_model_len: 32_768 }))),
    '/metrics': 'vllm:num_requests_running{engine="0"} 2.0\nvllm:num_requests_waiting{engine="0"} 1.0\n',
  },
  sglang: {
    '/health': '',
    '/v1/models': named('sglang', ...PUBLISHED),
    '/metrics': 'sglang:num_running_reqs 3.0\nsglang:num_queue_reqs 0.0\nsglang:token_usage 0.25\n',
  },
  lmdeploy: { '/health': '', '/v1/models': named('lmdeploy', ...PUBLISHED) },
  'vllm-mlx': {
    '/health': { status: 'healthy' },
    '/v1/models': named('vllm-mlx', ...MLX.map((name) => `mlx-community/${name}`)),
  },
  omlx: { '/health': { status: 'healthy' }, '/v1/models': named('omlx', ...MLX) },
  litellm: { '/health/liveliness': '"I\'m alive!"', '/v1/models': named('openai', 'llama3.1:8b', 'gpt-4o') },
  'openai-compatible': { '/v1/models': named('someone', 'qwen2.5:7b') },
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
      'Llama-3.1-8B-Instruct-4bit': 'omlx vllm-mlx',
      'Qwen2.5-7B-Instruct-4bit': 'omlx vllm-mlx',
      'gemma-3-4b-it-4bit': 'omlx vllm-mlx',
      'gpt-4o': 'litellm',
    });
    const index = indexCatalog(snapshot.catalog);
    assert.equal(index.find('meta-llama-3.1-8b-instruct')?.id, 'llama3.1:8b');
    assert.equal(index.find('ai/gemma3:4B-Q4_K_M')?.id, 'gemma3:4b');

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
