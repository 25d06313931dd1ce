import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { assertError } from '@olla/testing/assert-response';
import { jsonResponse, startRawBackend, whenComplete } from '@olla/testing/raw-backend';
import { sendRaw } from '@olla/testing/raw-http';
import { CHAT, postBytes, requestBytes } from '@olla/testing/request-bytes';
import { startWithBackends } from '../../testing/gateway-with-backends.ts';
import { startInProcess } from '../../testing/in-process-gateway.ts';

/** One server of several types, each with a model of its own. */
const FLEET = {
  desk: { type: 'ollama', models: ['llama3.1:8b'] },
  studio: { type: 'lm-studio', models: ['qwen3-14b'] },
  cards: { type: 'vllm', models: ['org/cards-model'] },
  cpp: { type: 'llamacpp', models: ['gemma-3-4b'] },
  compat: { type: 'openai-compatible', models: ['compat-model'] },
  lemon: { type: 'lemonade', models: ['lemon-model'] },
  docker: { type: 'docker-model-runner', models: ['ai/docker-model'] },
} as const;
type Name = keyof typeof FLEET;

describe('the prefix of a path', () => {
  const prefixes: [prefix: string, endpoint: Name, backendType: string][] = [
    ['ollama', 'desk', 'ollama'],
    ['lmstudio', 'studio', 'lmstudio'],
    ['lm-studio', 'studio', 'lmstudio'],
    ['lm_studio', 'studio', 'lmstudio'],
    ['vllm', 'cards', 'vllm'],
    ['llamacpp', 'cpp', 'llamacpp'],
    ['llama-cpp', 'cpp', 'llamacpp'],
    ['llama_cpp', 'cpp', 'llamacpp'],
    ['openai', 'compat', 'openai'],
    ['openai-compatible', 'compat', 'openai'],
  ];
  for (const [prefix, name, backendType] of prefixes)
    test(`/olla/${prefix} leads to the endpoints of its type and names it in X-Olla-Backend-Type`, async (t) => {
      const { backends, send } = await startWithBackends(t, FLEET);
      const [model] = FLEET[name].models;
      for (const path of ['/v1/chat/completions', '/v1/completions', '/v1/embeddings']) {
        const response = await send(postBytes(JSON.stringify({ model }), [], `/olla/${prefix}${path}`));
        assert.deepEqual(
          [response.status, response.header('x-olla-endpoint'), response.header('x-olla-backend-type')],
          [200, name, backendType],
        );
        assert.equal(backends[name].requests.at(-1)?.target, path);
      }
    });

  test('of a type answers 503 and names the endpoints of the model when no endpoint of the type has it', async (t) => {
    const { send } = await startWithBackends(t, FLEET);
    const response = await send(postBytes('{"model":"llama3.1:8b"}', [], '/olla/vllm/v1/chat/completions'));
    const { message } = assertError(response, 503, 'MODEL_UNAVAILABLE');
    assert.match(message, /llama3\.1:8b.* desk \(ollama\)/);
  });

  test('of a type without any endpoint answers with an error that names it', async (t) => {
    const { send } = await startWithBackends(t, { compat: FLEET.compat });
    const response = await send(
      postBytes('{"model":"compat-model"}', [], '/olla/sglang/v1/chat/completions'),
    );
    assertError(response, 503, 'MODEL_UNAVAILABLE');
    assert.match(response.text(), /sglang/);
  });

  for (const prefix of ['openai', 'proxy'])
    test(`/olla/${prefix} reaches the endpoint that has the model, of any type`, async (t) => {
      const { send } = await startWithBackends(t, FLEET);
      for (const [name, { models }] of Object.entries(FLEET)) {
        const response = await send(
          postBytes(JSON.stringify({ model: models[0] }), [], `/olla/${prefix}/v1/chat/completions`),
        );
        assert.deepEqual([response.status, response.header('x-olla-endpoint')], [200, name]);
        assert.equal(response.header('x-olla-model'), models[0]);
      }
    });

  test('/olla/proxy leads to a type that has the path, if only one type has it', async (t) => {
    const { send } = await startWithBackends(t, FLEET);
    const response = await send(postBytes('{"model":"llama3.1:8b"}', [], '/olla/proxy/api/chat'));
    assert.equal(response.header('x-olla-endpoint'), 'desk');
  });
});

describe('the path on the backend', () => {
  test("is behind the type's own base if it is a path of OpenAI's API", async (t) => {
    const { backends, send } = await startWithBackends(t, FLEET);
    await send(postBytes('{"model":"lemon-model"}'));
    assert.equal(backends.lemon.requests[0]?.target, '/api/v1/chat/completions');
    await send(postBytes('{"model":"ai/docker-model"}', [], '/olla/dmr/v1/embeddings'));
    assert.equal(backends.docker.requests[0]?.target, '/engines/v1/embeddings');
  });

  test('keeps escapes, parameters and the query byte by byte', async (t) => {
    const { backends, send } = await startWithBackends(t, { compat: FLEET.compat });
    for (const target of [
      '/v1/files/a%2Fb%20c;v=1/%C3%A9?model=%20&q=1&q=2&empty=&plus=+%2B',
      '/v1/files?',
    ]) {
      assert.equal((await send(requestBytes('GET', `/olla/proxy${target}`))).status, 200);
      assert.equal(backends.compat.requests.at(-1)?.target, target);
    }
  });

  test('follows the path of the URL if preserve_path is set', async (t) => {
    const backend = await startRawBackend({ models: [] });
    const gateway = await startInProcess({
      endpoints: [
        { name: 'based', url: `${backend.url}/base/path/`, models: ['m'], config: { preserve_path: true } },
      ],
    });
    t.after(async () => {
      await gateway.stop();
      await backend.close();
    });
    assert.equal((await sendRaw(gateway.port, postBytes('{"model":"m"}', [], `${CHAT}?a=%2F`))).status, 200);
    assert.equal(backend.requests[0]?.target, '/base/path/v1/chat/completions?a=%2F');
  });

  test('follows the base URL that a provider documents, with preserve_path and without', async (t) => {
    const backend = await startRawBackend({ models: [] });
    const bases = ['/v1', '/api/v1', '/api/paas/v4', '/v1beta/openai/'];
    const gateway = await startInProcess({
      endpoints: bases.flatMap((base) =>
        [false, true].map((preserve_path) => ({
          name: `${base} ${preserve_path}`,
          url: backend.url + base,
          models: [`m${base}${preserve_path}`],
          config: { preserve_path },
        })),
      ),
    });
    t.after(async () => {
      await gateway.stop();
      await backend.close();
    });
    for (const base of bases) {
      for (const preserve_path of [false, true]) {
        const body = JSON.stringify({ model: `m${base}${preserve_path}` });
        assert.equal((await sendRaw(gateway.port, postBytes(body, [], CHAT))).status, 200);
        assert.equal(backend.requests.at(-1)?.target, `${base.replace(/\/$/, '')}/chat/completions`);
      }
    }
  });

  test('of the root of a server is reached only under the prefix of its type', async (t) => {
    const { backends, send } = await startWithBackends(t, FLEET);
    backends.desk.respond = ({ socket }) => void socket.write(jsonResponse('Ollama is running'));
    for (const path of ['/olla/ollama', '/olla/ollama/'])
      assert.equal((await send(requestBytes('GET', path))).text(), 'Ollama is running');
    for (const path of ['/olla/openai/', '/olla/proxy/'])
      assertError(await send(requestBytes('GET', path)), 404, 'NOT_FOUND');
  });
});

describe('a path that is not relayed', () => {
  for (const path of [
    '/',
    '/olla',
    '/olla/',
    '/olla/nope/v1/models',
    '/v1/chat/completions',
    '/versions',
    '/internal/nope',
  ])
    test(`answers 404 NOT_FOUND: ${path}`, async (t) => {
      const { send } = await startWithBackends(t, FLEET);
      assertError(await send(requestBytes('GET', path)), 404, 'NOT_FOUND');
      assertError(await send(postBytes('{"model":"compat-model"}', [], path)), 404, 'NOT_FOUND');
    });

  test('answers 404 NOT_FOUND below /olla/openai when it is no path of that API', async (t) => {
    const { send } = await startWithBackends(t, FLEET);
    const { message } = assertError(
      await send(postBytes('{}', [], '/olla/openai/api/chat')),
      404,
      'NOT_FOUND',
    );
    assert.match(message, /v1\//);
  });

  test('answers NOT_IMPLEMENTED if it is reserved, and names the way that works', async (t) => {
    const { send } = await startWithBackends(t, FLEET);
    const response = await send(postBytes('{}', [], '/olla/anthropic/v1/messages'));
    const { message } = assertError(response, 404, 'NOT_IMPLEMENTED');
    assert.match(message, /\/olla\/ollama\/v1\/messages/);
  });

  test('is shortened in the message', async (t) => {
    const { send } = await startWithBackends(t, FLEET);
    const { message } = assertError(await send(requestBytes('GET', `/${'x'.repeat(500)}`)), 404, 'NOT_FOUND');
    assert.match(message, /^no route has the path \/x{116}\.\.\./);
  });
});

describe('a request without a model', () => {
  test('goes to an endpoint of the route, without headers of a model or of routing', async (t) => {
    const { backends, send } = await startWithBackends(t, { compat: FLEET.compat });
    backends.compat.respond = (request) =>
      whenComplete(request, () => request.socket.write(jsonResponse([])));
    const response = await send(requestBytes('GET', '/olla/proxy/v1/files'));
    assert.deepEqual([response.status, response.header('x-olla-endpoint')], [200, 'compat']);
    for (const name of ['x-olla-model', 'x-olla-routing-strategy', 'x-olla-routing-decision'])
      assert.equal(response.header(name), undefined, name);
  });
});
