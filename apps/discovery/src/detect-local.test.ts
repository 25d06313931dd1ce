import assert from 'node:assert/strict';
import { test } from 'node:test';
import { detectLocalBackends } from './detect-local.ts';
import { answering, ollamaWith, TestServer } from './test-server.ts';

test('the answer decides the type, not the port; what is no inference server is left out', async (t) => {
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
    ].map((routes) => TestServer.start(answering(routes))),
  );
  t.after(() => Promise.all(servers.map((server) => server.close())));
  const hanging = await TestServer.start(() => undefined);
  t.after(() => hanging.close());
  const ports = [...servers, hanging].map(({ port }) => port);
  const startedAt = performance.now();
  const found = await detectLocalBackends({ timeoutMs: 1_000, ports });
  assert.ok(performance.now() - startedAt < 2_500, 'the hanging one is given up in time');
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

test('nothing there is nothing found', async () => {
  const gone = await TestServer.start(answering({}));
  await gone.close();
  assert.deepEqual(await detectLocalBackends({ timeoutMs: 500, ports: [gone.port] }), []);
});
