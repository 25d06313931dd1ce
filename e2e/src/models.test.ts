import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Gateway } from '@olla/testing/olla-process';
import { startSimulator, type Simulator } from '@olla/testing/simulator-process';
import { waitFor } from '@olla/testing/wait-for';
import { waitForModel, startGatewayFor } from './start-gateway-for.ts';

interface Entry {
  readonly id: string;
  readonly created: number;
  readonly olla: { readonly aliases: string[]; readonly availability: { endpoint: string; state: string }[] };
}

const GGUF = 'Meta-Llama-3.1-8B-Instruct-Q4_K_M.gguf';
const HF = 'meta-llama/Llama-3.1-8B-Instruct';

describe('/olla/models', () => {
  let fleet: Simulator;
  let gateway: Gateway;
  before(async () => {
    fleet = await startSimulator({
      timeScale: 50,
      servers: [
        {
          name: 'desk',
          type: 'ollama',
          models: [
            { name: 'llama3.1:8b', loaded: true },
            { name: 'nomic-embed-text:latest', kind: 'embeddings' },
          ],
        },
        {
          name: 'studio',
          type: 'lm-studio',
          models: ['qwen3-14b', { name: 'text-embedding-nomic-embed-text-v1.5', kind: 'embeddings' }],
        },
        { name: 'cards', type: 'vllm', models: [HF] },
        { name: 'cpp', type: 'llamacpp', models: [GGUF] },
      ],
    });
    gateway = await startGatewayFor({
      endpoints: fleet.servers.map(({ name, url, type }) => ({ name, url, type, check_interval: '200ms' })),
      config: { model_aliases: { best: ['llama3.1:8b'] } },
      models: ['llama3.1:8b', 'qwen3-14b', HF, GGUF],
      workers: 1,
    });
  });
  after(async () => {
    await gateway.stop();
    await fleet.stop();
  });

  async function get<T>(path: string, status = 200): Promise<T> {
    const response = await fetch(`${gateway.url}/olla${path}`);
    assert.equal(response.status, status, path);
    return (await response.json()) as T;
  }

  async function ids(query: string): Promise<string[]> {
    return (await get<{ data: Entry[] }>(`/models${query}`)).data.map(({ id }) => id);
  }

  test('lists a model with two names once, and another quantisation apart', async () => {
    const { data } = await get<{ data: Entry[] }>('/models');
    const entry = data.find(({ id }) => id === 'llama3.1:8b');
    assert.deepEqual(entry?.olla.availability.map(({ endpoint }) => endpoint).sort(), ['cpp', 'desk']);
    assert.ok(entry?.olla.aliases.includes(GGUF));
    assert.deepEqual(
      data.map(({ id }) => id),
      ['llama3.1:8b', HF, 'nomic-embed-text:latest', 'qwen3-14b', 'best'],
    );
  });

  test('serves every listed id and alias as `model`', async () => {
    const { data } = await get<{ data: Entry[] }>('/models');
    for (const { id, olla } of data) {
      const isEmbedding = id.startsWith('nomic');
      for (const model of new Set([id, ...olla.aliases])) {
        const response = await fetch(
          `${gateway.url}/olla/proxy/v1/${isEmbedding ? 'embeddings' : 'chat/completions'}`,
          {
            method: 'POST',
            body: JSON.stringify({
              model,
              max_tokens: 1,
              ...(isEmbedding ? { input: 'x' } : { messages: [{ role: 'user', content: 'x' }] }),
            }),
          },
        );
        assert.equal(response.status, 200, `${model}: ${await response.text()}`);
      }
    }
  });

  test('applies filters alone and together', async () => {
    assert.deepEqual(await ids('?endpoint=studio'), ['nomic-embed-text:latest', 'qwen3-14b']);
    assert.deepEqual(await ids('?endpoint=nobody'), []);
    assert.deepEqual(await ids('?type=embeddings'), ['nomic-embed-text:latest']);
    assert.deepEqual(await ids('?family=LLAMA&type=llm'), ['llama3.1:8b', HF, 'best']);
    assert.deepEqual(await ids('?family=llama&endpoint=cards&format=openai'), [HF]);
    assert.deepEqual(await ids('?available=false'), []);
    assert.equal((await ids('?available=true')).length, 5);
    const { error } = await get<{ error: { code: string } }>('/models?available=perhaps', 400);
    assert.equal(error.code, 'BAD_REQUEST');
  });

  test('answers in every format, and names them when the format is unknown', async () => {
    assert.deepEqual(await ids('?format=openai'), await ids(''));
    assert.deepEqual(await ids('?format=vllm'), await ids(''));
    assert.deepEqual(await ids('?format=llamacpp'), [GGUF]);
    assert.deepEqual(await ids('?format=lmstudio&type=llm'), ['qwen3-14b']);
    const tags = await get<{ models: { name: string; details: object }[] }>('/models?format=ollama');
    assert.deepEqual(tags.models.map(({ name }) => name).sort(), ['llama3.1:8b', 'nomic-embed-text:latest']);
    const { error } = await get<{ error: { message: string } }>('/models?format=bogus', 400);
    assert.match(error.message, /unified, openai, ollama, lmstudio, llamacpp, vllm/);
  });

  test('finds one model by each of its names, with slashes escaped or not', async () => {
    for (const [name, id] of [
      [HF, HF],
      [encodeURIComponent(HF), HF],
      [GGUF, 'llama3.1:8b'],
      ['LLAMA3.1:8B', 'llama3.1:8b'],
      ['best', 'best'],
    ] as const)
      assert.equal((await get<Entry>(`/models/${name}`)).id, id);
    const { error } = await get<{ error: { code: string } }>('/models/a/b/c', 404);
    assert.equal(error.code, 'MODEL_NOT_FOUND');
  });

  test('shows the state of an endpoint, and keeps `created` when the endpoint comes back', async () => {
    const before = await get<Entry>(`/models/${HF}`);
    await fleet.control('POST', 'cards/faults', { kind: 'refuse', how: 'reset' });
    await waitForState('offline');
    assert.deepEqual(await ids('?available=false'), [HF]);
    await fleet.control('DELETE', 'cards/faults');
    await waitForModel(gateway, HF);
    await waitForState('loaded');
    assert.equal((await get<Entry>(`/models/${HF}`)).created, before.created);
  });

  async function waitForState(state: string): Promise<void> {
    await waitFor(
      async () => {
        const { data } = await get<{ data: Entry[] }>('/models');
        return data.find(({ id }) => id === HF)?.olla.availability.some((at) => at.state === state);
      },
      { describe: `${HF} ${state}` },
    );
  }
});
