import assert from 'node:assert/strict';
import { describe, test, type TestContext } from 'node:test';
import { assertOllamaError } from '@olla/testing/assert-response';
import type { RawResponse } from '@olla/testing/raw-http';
import { waitFor } from '@olla/testing/wait-for';
import { startWithBackends, type GatewayWithBackends } from '../../testing/gateway-with-backends.ts';
import type { InProcessOptions } from '../../testing/in-process-gateway.ts';

const SPECS = {
  spare: { type: 'ollama', models: ['llama3.1:8b', 'gemma3:4b'], config: { priority: 100 } },
  main: { type: 'ollama', models: ['phi4:14b'], config: { priority: 200 } },
  cards: { type: 'vllm', models: ['only/on-cards'] },
} as const;
type Name = keyof typeof SPECS;
/** Larger than a body that is not a file may be. */
const MAX_BODY = 1_000;

const start = (t: TestContext, config: InProcessOptions['config'] = {}): Promise<GatewayWithBackends<Name>> =>
  startWithBackends(t, SPECS, {
    config: {
      server: { request_limits: { max_body_size: MAX_BODY } },
      model_aliases: { favourite: ['llama3.1:8b'] },
      ...config,
    },
  });

const callBytes = (method: string, path: string, body: unknown, headers: readonly string[] = []): string => {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  const lines = [`${method} /olla/ollama${path} HTTP/1.1`, 'Host: gateway', ...headers];
  return [...lines, `Content-Length: ${text.length}`, '', text].join('\r\n');
};
const endpointOf = (response: RawResponse): string | undefined => response.header('x-olla-endpoint');

describe('a call that changes models', () => {
  test('goes to the endpoint that X-Olla-Target names', async (t) => {
    const { send } = await start(t);
    const response = await send(
      callBytes('POST', '/api/pull', { model: 'qwen3:8b' }, ['X-Olla-Target: spare']),
    );
    assert.deepEqual([response.status, endpointOf(response)], [200, 'spare']);
  });

  for (const target of ['unknown', 'cards'])
    test(`answers ENDPOINT_NOT_FOUND when X-Olla-Target names no endpoint of the route: ${target}`, async (t) => {
      const { send } = await start(t);
      const response = await send(
        callBytes('POST', '/api/pull', { model: 'x' }, [`X-Olla-Target: ${target}`]),
      );
      assertOllamaError(response, 404, 'ENDPOINT_NOT_FOUND');
    });

  test('goes to the highest priority when it adds a new model', async (t) => {
    const { send } = await start(t);
    assert.equal(endpointOf(await send(callBytes('POST', '/api/pull', { model: 'mistral:7b' }))), 'main');
  });

  for (const [path, method, body] of [
    ['/api/pull', 'POST', { name: 'gemma3:4b' }],
    ['/api/push', 'POST', { name: 'gemma3:4b' }],
    ['/api/create', 'POST', { model: 'mine', from: 'gemma3:4b' }],
    ['/api/copy', 'POST', { source: 'gemma3:4b', destination: 'copy' }],
    ['/api/delete', 'DELETE', { model: 'gemma3:4b' }],
  ] as const)
    test(`goes to the endpoint that has the model: ${path}`, async (t) => {
      const { backends, send } = await start(t);
      const response = await send(callBytes(method, path, body));
      assert.deepEqual([response.status, endpointOf(response)], [200, 'spare']);
      const [request = assert.fail()] = backends.spare.requests;
      assert.deepEqual(
        [request.method, request.target, request.body().toString()],
        [method, path, JSON.stringify(body)],
      );
    });

  test('answers MODEL_NOT_FOUND when it needs a model that no endpoint has', async (t) => {
    const { send } = await start(t);
    assertOllamaError(
      await send(callBytes('DELETE', '/api/delete', { name: 'gone' })),
      404,
      'MODEL_NOT_FOUND',
    );
  });

  test('is not tried at another endpoint when it fails', async (t) => {
    const { backends, send } = await start(t);
    backends.main.respond = ({ socket }) => socket.resetAndDestroy();
    assertOllamaError(await send(callBytes('POST', '/api/pull', { model: 'new' })), 502, 'BACKEND_ERROR');
    assert.equal(backends.spare.requests.length, 0);
  });

  test('has the models listed again after a success, once for calls that end together', async (t) => {
    const { gateway, send } = await start(t);
    let asked = 0;
    t.after(gateway.state.control.onControl(({ refresh }) => void (asked = refresh)));
    await Promise.all(['a', 'b', 'c'].map((model) => send(callBytes('POST', '/api/pull', { model }))));
    await waitFor(() => asked > 0, { describe: 'the request to the agent', intervalMs: 1 });
    assert.equal(asked, 1);
  });

  test('does not have the models listed again when it failed', async (t) => {
    const { gateway, backends, send } = await start(t);
    backends.main.respond = ({ socket }) =>
      void socket.write('HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n');
    await send(callBytes('POST', '/api/pull', { model: 'a' }));
    backends.main.respond = ({ socket }) => void socket.write('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n');
    await send(callBytes('POST', '/api/pull', { model: 'b' }));
    await waitFor(async () => (await gateway.state.control.read()).refresh > 0, {
      describe: 'the request to the agent',
      intervalMs: 1,
    });
    assert.equal((await gateway.state.control.read()).refresh, 1, 'for the one that succeeded');
  });
});

describe('the guard of calls that change models', () => {
  for (const [method, path] of [
    ['POST', '/api/pull'],
    ['DELETE', '/api/delete'],
    ['DELETE', '/api/%64elete'],
    ['POST', '/api/blobs/sha256:abc'],
  ] as const) {
    test(`refuses a page of another origin: ${method} ${path}`, async (t) => {
      const { backends, send } = await start(t);
      const response = await send(
        callBytes(method, path, { model: 'phi4:14b' }, ['Origin: https://evil.example']),
      );
      assertOllamaError(response, 403, 'FORBIDDEN_ORIGIN');
      assert.equal(backends.main.requests.length, 0);
    });

    test(`refuses every caller if proxy.model_management is off: ${method} ${path}`, async (t) => {
      const { backends, send } = await start(t, { proxy: { model_management: false } });
      const message = assertOllamaError(
        await send(callBytes(method, path, { model: 'phi4:14b' })),
        403,
        'MANAGEMENT_DISABLED',
      );
      assert.match(message, /proxy\.model_management/);
      assert.equal(backends.main.requests.length, 0);
    });
  }

  test('lets a page of the same origin pass', async (t) => {
    const { send } = await start(t);
    const response = await send(callBytes('POST', '/api/pull', { model: 'x' }, ['Origin: http://gateway']));
    assert.equal(response.status, 200);
  });

  const EXTENSION = 'chrome-extension://abcdefghijklmnop';
  for (const allowed_origins of [[EXTENSION], ['chrome-extension://*'], ['*', EXTENSION]])
    test(`accepts pages whose origin the operator has named: ${allowed_origins.join(' ')}`, async (t) => {
      const { send } = await start(t, { server: { cors: { allowed_origins } } });
      for (const [method, path] of [
        ['POST', '/api/pull'],
        ['DELETE', '/api/delete'],
      ] as const) {
        const by = (origin: string) =>
          send(callBytes(method, path, { model: 'phi4:14b' }, [`Origin: ${origin}`]));
        assert.equal((await by(EXTENSION)).status, 200);
        for (const other of ['https://evil.example', 'null']) {
          const refused = await by(other);
          assert.equal(refused.status, 403, other);
          assert.match(refused.header('x-olla-error-code') ?? '', /FORBIDDEN_ORIGIN/);
        }
      }
    });

  const behindProxy = (origin: string, forwarded = 'ai.example.com'): string =>
    callBytes('POST', '/api/pull', { model: 'x' }, [
      `Origin: ${origin}`,
      `X-Forwarded-Host: ${forwarded}`,
      'X-Forwarded-Proto: https',
      'X-Forwarded-For: 203.0.113.5',
    ]);

  test('recognises a page of the same origin by X-Forwarded-Host of a trusted proxy', async (t) => {
    const { send } = await start(t, { server: { rate_limits: { trust_proxy_headers: true } } });
    for (const forwarded of ['ai.example.com', 'AI.example.com:443', 'evil.example, ai.example.com'])
      assert.equal((await send(behindProxy('https://ai.example.com', forwarded))).status, 200, forwarded);
    for (const forwarded of ['ai.example.com', 'evil.example, ai.example.com', '', 'evil.example:99999'])
      assertOllamaError(await send(behindProxy('https://evil.example', forwarded)), 403, 'FORBIDDEN_ORIGIN');
  });

  test('ignores X-Forwarded-Host without trust, and names Host and Origin', async (t) => {
    const { send } = await start(t);
    const message = assertOllamaError(
      await send(behindProxy('https://ai.example.com')),
      403,
      'FORBIDDEN_ORIGIN',
    );
    assert.match(message, /Origin is https:\/\/ai\.example\.com, the Host is gateway/);
    assert.match(message, /proxy_set_header Host \$host/);
  });

  test('accepts calls that change nothing', async (t) => {
    const { send } = await start(t, { proxy: { model_management: false } });
    assert.equal((await send(callBytes('POST', '/api/show', { model: 'phi4:14b' }))).status, 200);
  });
});

describe('a call that names its model in another field', () => {
  for (const body of [
    { model: 'llama3.1:8b' },
    { name: 'llama3.1:8b' },
    { name: 'favourite' },
    { model: 'Llama3.1:8B' },
  ])
    test(`reaches the model by any of its names: ${JSON.stringify(body)}`, async (t) => {
      const { backends, send } = await startWithBackends(t, SPECS, {
        config: { model_aliases: { favourite: ['llama3.1:8b'] } },
      });
      const response = await send(callBytes('POST', '/api/show', body));
      assert.deepEqual([response.status, response.header('x-olla-model')], [200, 'llama3.1:8b']);
      assert.match(backends.spare.requests[0]?.body().toString() ?? '', /:"llama3\.1:8b"\}$/);
    });
});

describe('a file for a model', () => {
  test('may be larger than other bodies, streams, and goes where a new model goes', async (t) => {
    const { backends, send } = await start(t);
    const file = 'x'.repeat(600_000);
    const response = await send(callBytes('POST', '/api/blobs/sha256:abc', file));
    assert.deepEqual([response.status, endpointOf(response)], [200, 'main']);
    assert.equal(backends.main.requests[0]?.body().toString(), file);
    const other = await send(
      callBytes('POST', '/api/chat', { model: 'phi4:14b', filler: 'x'.repeat(2 * MAX_BODY) }),
    );
    assertOllamaError(other, 413, 'BODY_TOO_LARGE');
  });

  test('is requested by HEAD without the guard', async (t) => {
    const { backends, connect } = await start(t, { proxy: { model_management: false } });
    backends.main.respond = ({ socket }) => void socket.write('HTTP/1.1 200 OK\r\n\r\n');
    const client = await connect();
    client.write(callBytes('HEAD', '/api/blobs/sha256:abc', ''));
    assert.equal((await client.nextResponse('HEAD')).status, 200);
  });
});
