import assert from 'node:assert/strict';
import { describe, test, type TestContext } from 'node:test';
import { assertOllamaError } from '@olla/testing/assert-response';
import type { RawResponse } from '@olla/testing/raw-http';
import { callBytes } from '@olla/testing/request-bytes';
import { startWithBackends, type GatewayWithBackends } from '../../testing/gateway-with-backends.ts';

/** Two copies of one model at one server, and a copy under another name at another. */
const COPY = {
  digest: '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08',
  sizeBytes: 1_000,
  family: 'llama',
  parameterSize: '8B',
  quantization: 'Q4_0',
};
const SPECS = {
  a: {
    type: 'ollama',
    models: [
      { name: 'precious:latest', ...COPY },
      { name: 'scratch:latest', ...COPY },
    ],
  },
  b: { type: 'ollama', models: [{ name: 'elsewhere:latest', ...COPY }] },
} as const;

describe('copies of a model with one digest', () => {
  for (const [method, path] of [
    ['POST', '/api/chat'],
    ['POST', '/api/generate'],
    ['POST', '/api/embed'],
    ['POST', '/api/show'],
    ['POST', '/v1/chat/completions'],
    ['POST', '/api/push'],
    ['POST', '/api/pull'],
    ['DELETE', '/api/delete'],
  ] as const)
    for (const [given, sent, endpoint] of [
      ['scratch', 'scratch:latest', 'a'],
      ['scratch:latest', 'scratch:latest', 'a'],
      ['Scratch', 'scratch:latest', 'a'],
      ['registry.ollama.ai/library/scratch', 'scratch:latest', 'a'],
      ['precious', 'precious:latest', 'a'],
      ['elsewhere', 'elsewhere:latest', 'b'],
    ] as const)
      test(`reach their server by their own names: ${method} ${path} ${given}`, async (t) => {
        const { backends, send } = await startWithBackends(t, SPECS);
        const response = await send(callBytes(method, `/olla/ollama${path}`, { model: given }));
        assert.deepEqual([response.status, response.header('x-olla-endpoint')], [200, endpoint]);
        assert.equal(backends[endpoint].requests[0]?.body().toString(), JSON.stringify({ model: sent }));
      });

  test('are copied by their own name', async (t) => {
    const { backends, send } = await startWithBackends(t, SPECS);
    await send(callBytes('POST', '/olla/ollama/api/copy', { source: 'scratch', destination: 'new' }));
    assert.equal(
      backends.a.requests[0]?.body().toString(),
      '{"source":"scratch:latest","destination":"new"}',
    );
  });
});

describe("the bodies of Ollama's own command, which has the name in `name` and an empty `model`", () => {
  const TWO = {
    a: { type: 'ollama', models: ['m-a:latest'] },
    b: { type: 'ollama', models: ['m-b:latest'] },
  } as const;
  const start = (t: TestContext): Promise<GatewayWithBackends<'a' | 'b'>> => startWithBackends(t, TWO);
  const endpointOf = (response: RawResponse): (number | string | undefined)[] => [
    response.status,
    response.header('x-olla-endpoint'),
  ];

  for (const [method, path, more] of [
    ['DELETE', '/api/delete', {}],
    ['POST', '/api/show', { system: '', template: '', verbose: false, options: null }],
    ['POST', '/api/pull', { insecure: false, username: '', password: '', stream: false }],
    ['POST', '/api/push', { insecure: false, username: '', password: '', stream: false }],
    ['POST', '/api/create', { from: 'm-b' }],
  ] as const)
    for (const scope of ['ollama', 'proxy'])
      test(`go to the server that has the model: ${method} /olla/${scope}${path}`, async (t) => {
        const { backends, send } = await start(t);
        for (let n = 0; n < (method === 'DELETE' ? 1 : 4); n += 1) {
          const body = { model: '', ...more, name: 'm-b' };
          assert.deepEqual(endpointOf(await send(callBytes(method, `/olla/${scope}${path}`, body))), [
            200,
            'b',
          ]);
          assert.equal(
            backends.b.requests.at(-1)?.body().toString(),
            JSON.stringify({ ...body, name: 'm-b:latest' }),
          );
        }
      });

  test('prefer `model` if both are given, as Ollama does', async (t) => {
    const { send } = await start(t);
    const body = { name: 'm-b', model: 'm-a' };
    assert.deepEqual(endpointOf(await send(callBytes('POST', '/olla/ollama/api/show', body))), [200, 'a']);
    const empty = { name: '', model: 'm-b' };
    assert.deepEqual(endpointOf(await send(callBytes('POST', '/olla/ollama/api/show', empty))), [200, 'b']);
  });

  test('name no model if both are empty', async (t) => {
    const { send } = await start(t);
    const response = await send(callBytes('DELETE', '/olla/ollama/api/delete', { model: '', name: '' }));
    assertOllamaError(response, 400, 'BAD_REQUEST');
  });
});

describe('a model that only servers of another type have', () => {
  const FLEET = {
    a: { type: 'ollama', models: ['m-a:latest'] },
    v: { type: 'vllm', models: ['on-cards'] },
  } as const;

  for (const [method, path] of [
    ['POST', '/api/show'],
    ['POST', '/api/push'],
    ['DELETE', '/api/delete'],
  ] as const)
    test(`is unknown to Ollama's own API: ${path}`, async (t) => {
      const { backends, send } = await startWithBackends(t, FLEET);
      const response = await send(callBytes(method, `/olla/ollama${path}`, { model: 'on-cards' }));
      // The text by which Ollama's own command recognises it.
      assert.match(assertOllamaError(response, 404, 'MODEL_NOT_FOUND'), /^not found: .*on-cards/);
      assert.equal(backends.v.requests.length, 0);
    });

  test('can be pulled and made there', async (t) => {
    const { send } = await startWithBackends(t, FLEET);
    for (const [path, body] of [
      ['/api/pull', { model: 'on-cards' }],
      ['/api/copy', { source: 'm-a', destination: 'on-cards' }],
    ] as const) {
      const made = await send(callBytes('POST', `/olla/ollama${path}`, body));
      assert.deepEqual([made.status, made.header('x-olla-endpoint')], [200, 'a']);
      const shown = await send(callBytes('POST', '/olla/ollama/api/show', { model: 'on-cards' }));
      assert.deepEqual([shown.status, shown.header('x-olla-endpoint')], [200, 'a']);
    }
  });
});

describe('a path that names a model', () => {
  for (const [type, prefix, method, path] of [
    ['docker-model-runner', 'dmr', 'POST', '/models/org/m-b/push'],
    ['docker-model-runner', 'dmr', 'DELETE', '/models/org/m-b'],
    ['docker-model-runner', 'dmr', 'DELETE', '/models/org%2Fm-b'],
    ['omlx', 'omlx', 'POST', '/v1/models/org/m-b/load'],
    ['omlx', 'omlx', 'POST', '/v1/models/org/m-b/unload'],
    ['openai-compatible', 'openai', 'DELETE', '/v1/models/org/m-b'],
  ] as const)
    test(`leads to a server that has it: ${method} ${path}`, async (t) => {
      const { backends, send } = await startWithBackends(t, {
        a: { type, models: ['org/m-a'] },
        b: { type, models: ['org/m-b'] },
      });
      for (let n = 0; n < 3; n += 1) {
        const response = await send(
          `${method} /olla/${prefix}${path} HTTP/1.1\r\nHost: gateway.test\r\nContent-Length: 0\r\n\r\n`,
        );
        assert.deepEqual([response.status, response.header('x-olla-endpoint')], [200, 'b']);
        assert.equal(backends.b.requests.at(-1)?.target, path);
      }
    });

  test('leads to any server if its name is unknown', async (t) => {
    const { send } = await startWithBackends(t, {
      a: { type: 'docker-model-runner', models: ['org/m-a'] },
    });
    assert.equal((await send(callBytes('POST', '/olla/dmr/models/create', { from: 'org/new' }))).status, 200);
  });
});

describe('a large body', () => {
  const large = 'x'.repeat(1.5 * 1024 * 1024);

  for (const [method, path, body] of [
    ['POST', '/api/create', { model: 'made', from: 'scratch', system: large }],
    ['POST', '/api/show', { name: 'scratch', system: large }],
    ['DELETE', '/api/delete', { model: 'scratch', padding: large }],
  ] as const)
    test(`is 413 in a call whose fields are read in one turn: ${path}`, async (t) => {
      const { backends, send } = await startWithBackends(t, SPECS);
      const response = await send(callBytes(method, `/olla/ollama${path}`, body));
      assertOllamaError(response, 413, 'BODY_TOO_LARGE');
      assert.equal(backends.a.requests.length, 0);
    });

  for (const path of ['/api/chat', '/api/generate', '/api/embed', '/v1/chat/completions'])
    test(`is relayed in inference: ${path}`, async (t) => {
      const { send } = await startWithBackends(t, SPECS);
      const response = await send(
        callBytes('POST', `/olla/ollama${path}`, { model: 'scratch', input: large }),
      );
      assert.deepEqual([response.status, response.header('x-olla-endpoint')], [200, 'a']);
    });
});
