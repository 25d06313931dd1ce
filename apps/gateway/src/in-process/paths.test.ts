import assert from 'node:assert/strict';
import { describe, test, type TestContext } from 'node:test';
import { assertError } from '@olla/testing/assert-response';
import { startRawBackend } from '@olla/testing/raw-backend';
import { sendRaw, type RawResponse } from '@olla/testing/raw-http';
import { postBytes, requestBytes } from '@olla/testing/request-bytes';
import { startWithBackends } from '../../testing/gateway-with-backends.ts';
import { startInProcess, type InProcessOptions } from '../../testing/in-process-gateway.ts';

const SPECS = {
  a: { type: 'ollama', models: ['m-a:latest'] },
  b: { models: ['m-b'] },
} as const;

const start = (t: TestContext, config: InProcessOptions['config'] = {}) =>
  startWithBackends(t, SPECS, { config });

const deleteBytes = (path: string, headers: readonly string[] = []): string =>
  postBytes('{"model":"m-a:latest"}', headers, path)
    .toString()
    .replace('POST', 'DELETE')
    .replace('gateway.test', 'gateway');

/** Ollama's form or the contract's: an escaped path may get either. */
function assertRefused(response: RawResponse, code: string): void {
  assert.equal(response.status, 403);
  assert.match(response.rawHead + response.text(), new RegExp(code));
}

describe('a path with surplus slashes or dots', () => {
  for (const path of [
    '/olla/openai/v1//chat/completions',
    '/olla/openai//v1/chat/completions',
    '//olla/openai/v1/chat/completions',
    '/olla/openai/v1/./chat/%2e/completions',
    '/olla/openai/v1/chat/completions/',
    '/olla/openai/v1/chat//./completions//',
    'http://gateway.test//olla/openai/v1//chat/completions',
  ])
    test(`reaches the backend without them: ${path}`, async (t) => {
      const { backends, send } = await start(t);
      assert.equal((await send(postBytes('{"model":"m-b","messages":[]}', [], path))).status, 200);
      assert.equal(backends.b.requests[0]?.target, '/v1/chat/completions');
    });

  test('reaches a native path too', async (t) => {
    const { backends, send } = await start(t);
    assert.equal((await send(postBytes('{"model":"m-a"}', [], '/olla/ollama//api/chat'))).status, 200);
    assert.equal(backends.a.requests[0]?.target, '/api/chat');
  });

  for (const [path, model] of [
    ['/olla/openai/v1//models', 'm-b'],
    ['/olla/openai/v1/models/', 'm-b'],
    ['/olla/ollama//api/tags', 'm-a:latest'],
    ['/olla//models/', 'm-b'],
  ] as const)
    test(`lists the models of the fleet: ${path}`, async (t) => {
      const { backends, send } = await start(t);
      const response = await send(requestBytes('GET', path));
      assert.equal(response.status, 200);
      assert.ok(response.text().includes(`"${model}"`));
      assert.deepEqual([...backends.a.requests, ...backends.b.requests], []);
    });

  for (const path of ['/internal//status', '//internal/status/', '/./version/'])
    test(`finds a page of the gateway: ${path}`, async (t) => {
      const { send } = await start(t);
      assert.equal((await send(requestBytes('GET', path))).status, 200);
    });

  for (const path of [
    '//api/delete',
    '/api//delete',
    '/api/./delete',
    '/api/%2e/delete',
    '/api/delete/',
    '/api/delete//',
    '/api/delete/.',
    '/api%2fdelete%2f',
    '/api%5cdelete',
    '/api\\delete',
    '/api/%64elete;x=1',
  ])
    test(`passes no guard of calls that change models: ${path}`, async (t) => {
      const off = await start(t, { proxy: { model_management: false } });
      assertRefused(await off.send(deleteBytes(`/olla/ollama${path}`)), 'MANAGEMENT_DISABLED');
      assert.deepEqual(off.backends.a.requests, []);
      const open = await start(t);
      const page = await open.send(deleteBytes(`/olla/ollama${path}`, ['Origin: https://evil.example']));
      assertRefused(page, 'FORBIDDEN_ORIGIN');
      assert.deepEqual(open.backends.a.requests, []);
    });

  test('falls under the limits of the normalised path', async (t) => {
    const { send } = await start(t, {
      server: {
        rate_limits: {
          global_requests_per_minute: 1,
          per_ip_requests_per_minute: 1,
          health_requests_per_minute: 0,
          burst_size: 1,
        },
      },
    });
    assert.equal((await send(requestBytes('GET', '//olla/models'))).status, 200);
    assertError(await send(requestBytes('GET', '//olla/models')), 429, 'RATE_LIMITED');
  });
});

describe('a path that may leave the base path of an endpoint', () => {
  for (const path of [
    '/v1/../../SECRET',
    '/v1/%2e%2e/%2E%2e/SECRET',
    '/v1/.%2e/SECRET',
    '/v1/..%2f..%2fSECRET',
    '/v1%2f..%2fSECRET',
    '/v1/..%5cSECRET',
    '/v1/..\\SECRET',
    '/v1/..',
    '/v1/..;/SECRET',
    '/v1/..%3bx/SECRET',
    '/v1/%252e%252e/SECRET',
    '/v1/%ff/%2e%2e/SECRET',
    '/v1/x%00y',
    '/v1/x#/../SECRET',
  ])
    test(`answers 400 and reaches no backend: ${path}`, async (t) => {
      const backend = await startRawBackend({ models: [] });
      const gateway = await startInProcess({
        endpoints: [
          { name: 'based', url: `${backend.url}/base/`, models: ['m'], config: { preserve_path: true } },
        ],
      });
      t.after(async () => {
        await gateway.stop();
        await backend.close();
      });
      for (const prefix of ['/olla/openai', '/olla/proxy', 'http://gateway.test/olla/openai']) {
        const response = await sendRaw(gateway.port, requestBytes('GET', prefix + path));
        assertError(response, 400, 'BAD_REQUEST');
      }
      assert.deepEqual(backend.requests, []);
    });
});

test('a path of more than 8192 characters is answered with 414 and reaches no backend', async (t) => {
  const { backends, send } = await start(t);
  for (const rest of ['a'.repeat(9_000), '%25'.repeat(5_000), '../'.repeat(4_000)])
    assertError(await send(requestBytes('GET', `/olla/openai/v1/${rest}`)), 414, 'URI_TOO_LONG');
  const query = await send(requestBytes('GET', `/olla/openai/v1/thing?q=${'a'.repeat(9_000)}`));
  assert.equal(query.status, 200);
  assert.equal(backends.a.requests.length + backends.b.requests.length, 1);
});
