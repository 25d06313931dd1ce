import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { detectLocalBackends } from './detect-local.ts';
import { ollamaWith, respondWith, TestServer } from '../testing/test-server.ts';

describe('detectLocalBackends', () => {
  test('takes the type from the responses and leaves out servers of unknown types', async (t) => {
    const list = (owner: string, id: string) => ({ object: 'list', data: [{ id, owned_by: owner }] });
    const servers = await Promise.all(
      [
        ollamaWith('llama3.1:8b'),
        { '/props': { total_slots: 4 }, '/v1/models': list('llamacpp', 'tiny') },
        {
          '/api/v0/models': { object: 'list', data: [{ id: 'phi', state: 'loaded' }] },
          '/v1/models': list('me', 'phi'),
        },
        { '/version': { version: '0.11.1' }, '/v1/models': list('vllm', 'meta/llama') },
        { '/v1/models': list('somebody', 'plain') },
        { '/health/liveliness': '"I\'m alive!"', '/v1/models': list('openai', 'mock') },
        {
          '/api/v1/health': { status: 'ok', model_loaded: null },
          '/api/v1/models': list('lemonade', 'Qwen3-8B-GGUF'),
        },
        { '/engines/v1/models': list('docker', 'ai/smollm2') },
        { '/version': { name: 'Olla', version: '1' }, '/v1/models': list('olla', 'loop') },
        { '/': '<html>a web page</html>' },
      ].map((routes) => TestServer.start(respondWith(routes))),
    );
    t.after(() => Promise.all(servers.map((server) => server.close())));
    const found = await detectLocalBackends({ timeoutMs: 30_000, ports: servers.map(({ port }) => port) });
    assert.deepEqual(
      found.map(({ name, type, url, models }) => [name, type, url, models?.map((model) => model.name)]),
      [
        ['ollama', 'ollama', servers[0]?.url, ['llama3.1:8b']],
        ['llamacpp', 'llamacpp', servers[1]?.url, ['tiny']],
        ['lm-studio', 'lm-studio', servers[2]?.url, ['phi']],
        ['vllm', 'vllm', servers[3]?.url, ['meta/llama']],
        ['openai-compatible', 'openai-compatible', servers[4]?.url, ['plain']],
        ['litellm', 'litellm', servers[5]?.url, ['mock']],
        ['lemonade', 'lemonade', servers[6]?.url, ['Qwen3-8B-GGUF']],
        ['docker-model-runner', 'docker-model-runner', servers[7]?.url, ['ai/smollm2']],
      ],
    );
  });

  test('numbers the servers of one type from the second on', async (t) => {
    const servers = await Promise.all([1, 2].map(() => TestServer.start(respondWith(ollamaWith('a:1b')))));
    t.after(() => Promise.all(servers.map((server) => server.close())));
    const found = await detectLocalBackends({ timeoutMs: 30_000, ports: servers.map(({ port }) => port) });
    assert.deepEqual(
      found.map(({ name }) => name),
      ['ollama', 'ollama-2'],
    );
  });

  test('ends after timeoutMs without a server that does not respond', async (t) => {
    const hanging = await TestServer.start(() => undefined);
    t.after(() => hanging.close());
    assert.deepEqual(await detectLocalBackends({ timeoutMs: 100, ports: [hanging.port] }), []);
  });

  test('finds nothing at a port on which no server listens', async () => {
    const gone = await TestServer.start(respondWith({}));
    await gone.close();
    assert.deepEqual(await detectLocalBackends({ timeoutMs: 500, ports: [gone.port] }), []);
  });
});
