import assert from 'node:assert/strict';
import { describe, test, type TestContext } from 'node:test';
import { assertError, assertOllamaError } from '@olla/testing/assert-response';
import type { RawResponse } from '@olla/testing/raw-http';
import {
  startWithBackends,
  type BackendSpec,
  type GatewayWithBackends,
} from '../../testing/gateway-with-backends.ts';
import type { InProcessOptions } from '../../testing/in-process-gateway.ts';

const EVIL = 'Origin: https://evil.example';
const TOKEN = 'the-admin-token';
const auth = { type: 'bearer', token: 'sk-of-the-operator' };

/** As a page may send it without a preflight: `text/plain`. */
function bytes(
  method: string,
  path: string,
  headers: readonly string[] = [],
  host = 'localhost:40114',
): string {
  const body = method === 'GET' ? '' : '{}';
  const lines = [`${method} ${path} HTTP/1.1`, `Host: ${host}`, 'Content-Type: text/plain', ...headers];
  return [...lines, `Content-Length: ${body.length}`, '', body].join('\r\n');
}

function startOne(
  t: TestContext,
  type: NonNullable<BackendSpec['type']>,
  config: Readonly<Record<string, unknown>> = {},
  options: Omit<InProcessOptions, 'endpoints'> = {},
): Promise<GatewayWithBackends<'one'>> {
  return startWithBackends(t, { one: { type, models: ['m'], config } }, options);
}

const codeOf = (response: RawResponse): string => {
  const text = response.text();
  if (response.status === 200) return '200';
  return response.header('x-olla-error-code') ?? (JSON.parse(text) as { error: { code: string } }).error.code;
};

/** Some paths of each type, by the prefixes under which they can be reached. */
const CALLS = [
  ['litellm', 'POST', '/olla/litellm/key/generate'],
  ['litellm', 'POST', '/olla/litellm/key/generate/'],
  ['litellm', 'POST', '/olla/litellm//key//generate'],
  ['litellm', 'POST', '/olla/litellm/%6bey/generate'],
  ['litellm', 'POST', '/olla/litellm/key%2Fgenerate'],
  ['litellm', 'POST', '/olla/proxy/key/generate'],
  ['litellm', 'POST', '/olla/litellm/config/update'],
  ['litellm', 'POST', '/olla/litellm/model/new'],
  ['litellm', 'POST', '/olla/litellm/cache/flushall'],
  ['sglang', 'POST', '/olla/sglang/flush_cache'],
  ['sglang', 'GET', '/olla/sglang/flush_cache'],
  ['sglang', 'POST', '/olla/proxy/flush_cache'],
  ['sglang', 'POST', '/olla/sglang/update_weights_from_disk'],
  ['llamacpp', 'POST', '/olla/llamacpp/slots/0?action=erase'],
  ['llamacpp', 'POST', '/olla/llama-cpp/slots/0?action=restore'],
  ['llamacpp', 'POST', '/olla/llamacpp/lora-adapters'],
  ['llamacpp', 'POST', '/olla/llamacpp/models/load'],
  ['vllm', 'POST', '/olla/vllm/sleep?level=2'],
  ['vllm', 'POST', '/olla/vllm/v1/load_lora_adapter'],
  ['vllm', 'POST', '/olla/openai/v1/unload_lora_adapter'],
  ['lm-studio', 'POST', '/olla/lmstudio/api/v1/models/load'],
  ['lm-studio', 'POST', '/olla/lm_studio/API/v1/Models/Unload'],
  ['lm-studio', 'POST', '/olla/lmstudio/api/v1/models/download'],
  ['lemonade', 'POST', '/olla/lemonade/api/v1/load'],
  ['lemonade', 'POST', '/olla/lemonade/v1/unload'],
  ['lemonade', 'POST', '/olla/lemonade/api/v1/pull'],
  ['docker-model-runner', 'POST', '/olla/dmr/models/create'],
  ['docker-model-runner', 'DELETE', '/olla/dmr/models/ai/smollm2'],
  ['docker-model-runner', 'POST', '/olla/dmr/engines/unload'],
  ['omlx', 'POST', '/olla/omlx/v1/models/org/name/unload'],
  ['omlx', 'POST', '/olla/omlx/admin/api/hf/download'],
  ['ollama', 'POST', '/olla/ollama/api/signout'],
  ['ollama', 'POST', '/olla/ollama/api/pull'],
  ['openai-compatible', 'DELETE', '/olla/openai/v1/models/ft:mine'],
  // A server of another type than configured.
  ['vllm', 'POST', '/olla/vllm/key/generate'],
  ['openai-compatible', 'POST', '/olla/openai/v1/flush_cache'],
] as const;

describe('management of any type', () => {
  for (const [type, method, path] of CALLS)
    test(`is for the operator and tools, not for pages of other origins: ${method} ${path} at ${type}`, async (t) => {
      const { backends, send } = await startOne(t, type, { auth });
      const headers = ['X-Olla-Target: one'];
      assert.equal(codeOf(await send(bytes(method, path, [...headers, EVIL]))), 'FORBIDDEN_ORIGIN');
      assert.equal(codeOf(await send(bytes(method, path, headers))), 'MANAGEMENT_DISABLED');
      assert.equal(backends.one.requests.length, 0);

      const open = await startOne(t, type, { auth, management: true });
      assert.equal(codeOf(await open.send(bytes(method, path, [...headers, EVIL]))), 'FORBIDDEN_ORIGIN');
      assert.equal(codeOf(await open.send(bytes(method, path, headers))), '200');
      assert.equal(open.backends.one.requests[0]?.method, method);

      const off = await startOne(
        t,
        type,
        { management: true },
        { config: { proxy: { model_management: false } } },
      );
      assert.equal(codeOf(await off.send(bytes(method, path, headers))), 'MANAGEMENT_DISABLED');
      assert.equal(off.backends.one.requests.length, 0);
    });

  test('names the endpoint and its key if the endpoint has credentials of its own', async (t) => {
    const { send } = await startOne(t, 'litellm', { auth });
    const { message } = assertError(
      await send(bytes('POST', '/olla/litellm/key/generate')),
      403,
      'MANAGEMENT_DISABLED',
    );
    assert.match(message, /^endpoint one has credentials .* Set management: true/);
    const ollama = await startOne(t, 'ollama', { headers: { 'X-Api-Key': 'secret-key' } });
    const text = assertOllamaError(
      await ollama.send(bytes('POST', '/olla/ollama/api/signout')),
      403,
      'MANAGEMENT_DISABLED',
    );
    assert.match(text, /^endpoint one has credentials/);
  });

  test('passes if the configured headers are no credentials', async (t) => {
    const { send } = await startOne(t, 'sglang', { headers: { 'X-Team': 'blue' } });
    assert.equal(codeOf(await send(bytes('POST', '/olla/sglang/flush_cache'))), '200');
  });

  test('goes to an endpoint that takes it, and not on to another', async (t) => {
    const specs = {
      own: { type: 'sglang', models: ['m'], config: { auth, priority: 900 } },
      first: { type: 'sglang', models: ['m'], config: { priority: 500 } },
      second: { type: 'sglang', models: ['m'] },
    } as const;
    const { backends, send } = await startWithBackends(t, specs, {
      config: { proxy: { load_balancer: 'priority' } },
    });
    const flush = (...headers: string[]) => send(bytes('POST', '/olla/sglang/flush_cache', headers));
    assert.equal((await flush()).header('x-olla-endpoint'), 'first');
    assert.equal(codeOf(await flush('X-Olla-Target: own')), 'MANAGEMENT_DISABLED');
    assert.equal((await flush('X-Olla-Target: second')).header('x-olla-endpoint'), 'second');
    backends.first.respond = ({ socket }) => socket.resetAndDestroy();
    assert.equal(codeOf(await flush()), 'BACKEND_ERROR');
    assert.equal(backends.second.requests.length, 1);
    assert.equal(backends.own.requests.length, 0);
  });

  test('of a new model goes past an endpoint with credentials of a higher priority', async (t) => {
    const specs = {
      own: { type: 'ollama', models: ['a'], config: { auth, priority: 900 } },
      other: { type: 'ollama', models: ['b'] },
    } as const;
    const { send } = await startWithBackends(t, specs);
    assert.equal(
      (await send(bytes('POST', '/olla/ollama/api/blobs/sha256:a'))).header('x-olla-endpoint'),
      'other',
    );
  });

  test('is recognised behind the path of an endpoint’s URL', async (t) => {
    const one = await startOne(t, 'ollama', {});
    const { url } = one.backends.one;
    const behind = await startWithBackends(t, {
      base: { type: 'ollama', models: ['m'], config: { url: `${url}/api`, preserve_path: true } },
    });
    assert.equal(
      codeOf(await behind.send(bytes('DELETE', '/olla/ollama/delete', [EVIL]))),
      'FORBIDDEN_ORIGIN',
    );
    assert.equal(one.backends.one.requests.length, 0);
    assert.equal(codeOf(await behind.send(bytes('DELETE', '/olla/ollama/delete'))), '200');
    assert.equal(one.backends.one.requests[0]?.target, '/api/delete');
  });
});

describe('inference and reading', () => {
  for (const [type, method, path] of [
    ['ollama', 'POST', '/olla/ollama/api/chat'],
    ['ollama', 'POST', '/olla/ollama/api/show'],
    ['openai-compatible', 'POST', '/olla/openai/v1/chat/completions'],
    ['litellm', 'POST', '/olla/litellm/chat/completions'],
    ['llamacpp', 'GET', '/olla/llamacpp/slots'],
    ['llamacpp', 'POST', '/olla/proxy/v1/embeddings'],
    ['sglang', 'POST', '/olla/sglang/generate'],
    ['lemonade', 'POST', '/olla/lemonade/v1/chat/completions'],
    ['docker-model-runner', 'POST', '/olla/dmr/engines/llama.cpp/v1/chat/completions'],
    ['lm-studio', 'POST', '/olla/lmstudio/api/v1/chat'],
  ] as const)
    test(`are open to every origin and host, with and without credentials: ${method} ${path} at ${type}`, async (t) => {
      const { send } = await startOne(t, type, { auth });
      for (const host of ['localhost', 'evil.example'])
        for (const headers of [[EVIL], ['Origin: http://evil.example', 'Sec-Fetch-Site: cross-site'], []]) {
          const response = await send(bytes(method, path, headers, host));
          assert.equal(codeOf(response), '200', `${host} ${headers.join()}`);
          assert.equal(response.header('access-control-allow-origin'), '*');
        }
    });

  test('are open at an endpoint whose URL is the base of an API', async (t) => {
    const one = await startOne(t, 'openai-compatible');
    const url = `${one.backends.one.url}/api/v1`;
    const { send } = await startWithBackends(t, {
      base: { models: ['m'], config: { url, auth } },
    });
    assert.equal(codeOf(await send(bytes('POST', '/olla/openai/v1/chat/completions', [EVIL]))), '200');
    assert.equal(one.backends.one.requests[0]?.target, '/api/v1/chat/completions');
  });
});

describe('a path that is in no list', () => {
  test('is relayed for every host and origin to an endpoint without credentials', async (t) => {
    const { send } = await startOne(t, 'vllm');
    for (const host of ['localhost', 'evil.example'])
      assert.equal(codeOf(await send(bytes('POST', '/olla/vllm/v1/files', [EVIL], host))), '200');
  });

  test('counts as management at an endpoint with credentials', async (t) => {
    const closed = await startOne(t, 'vllm', { auth });
    assert.equal(codeOf(await closed.send(bytes('GET', '/olla/vllm/v1/files'))), 'MANAGEMENT_DISABLED');
    assert.equal(codeOf(await closed.send(bytes('GET', '/olla/vllm/v1/files', [EVIL]))), 'FORBIDDEN_ORIGIN');
    assert.equal(closed.backends.one.requests.length, 0);
    const open = await startOne(t, 'vllm', { auth, management: true });
    assert.equal(codeOf(await open.send(bytes('GET', '/olla/vllm/v1/files'))), '200');
    assert.equal(codeOf(await open.send(bytes('GET', '/olla/vllm/v1/files', [EVIL]))), 'FORBIDDEN_ORIGIN');
  });

  test('goes to the endpoints of the route that have none', async (t) => {
    const specs = {
      own: { type: 'vllm', models: ['m'], config: { auth, priority: 900 } },
      other: { type: 'vllm', models: ['m'] },
    } as const;
    const { send } = await startWithBackends(t, specs, { config: { proxy: { load_balancer: 'priority' } } });
    const list = await send(bytes('GET', '/olla/vllm/v1/files', [EVIL]));
    assert.equal(list.header('x-olla-endpoint'), 'other');
  });
});

describe('a change under an unknown host', () => {
  const flush = (host: string, headers: readonly string[]) =>
    bytes('POST', '/olla/sglang/flush_cache', headers, host);
  const own = (host: string): string => `Origin: http://${host}`;

  for (const host of ['evil.example', 'evil.example:40114', '127.0.0.1.nip.io', 'localhost.evil.example'])
    test(`is refused to a page of any origin: ${host}`, async (t) => {
      const { backends, send } = await startOne(t, 'sglang');
      for (const headers of [[own(host)], [EVIL], ['Origin: null']]) {
        const { message } = assertError(await send(flush(host, headers)), 403, 'FORBIDDEN_HOST');
        assert.match(message, /server\.allowed_hosts/);
      }
      assert.equal(backends.one.requests.length, 0);
    });

  for (const host of [
    '127.0.0.1:40114',
    '[::1]:40114',
    'localhost',
    'gateway:40114',
    'nas.local',
    'Nas.Local.',
  ])
    test(`is not refused if the host is known, and a foreign origin gets the other refusal: ${host}`, async (t) => {
      const { send } = await startOne(t, 'sglang');
      assert.equal(codeOf(await send(flush(host, [own(host)]))), '200');
      assert.equal(codeOf(await send(flush(host, [EVIL]))), 'FORBIDDEN_ORIGIN');
      assert.equal(codeOf(await send(flush(host, ['Origin: null']))), 'FORBIDDEN_ORIGIN');
    });

  test('passes with a name of server.allowed_hosts', async (t) => {
    const config = { server: { allowed_hosts: ['ai.example.com'] } };
    const { send } = await startOne(t, 'sglang', {}, { config });
    assert.equal(codeOf(await send(flush('AI.example.com:8443', [own('ai.example.com:8443')]))), '200');
    assert.equal(codeOf(await send(flush('ai.example.org', [own('ai.example.org')]))), 'FORBIDDEN_HOST');
  });

  test('passes for tools, which send no Origin', async (t) => {
    const { send } = await startOne(t, 'sglang');
    assert.equal(codeOf(await send(flush('evil.example', []))), '200');
  });

  test('passes with the admin token, which reaches no server', async (t) => {
    const { backends, send } = await startOne(t, 'sglang', {}, { adminToken: TOKEN });
    for (const [host, origin] of [
      ['evil.example', own('evil.example')],
      ['localhost', EVIL],
    ] as const) {
      assert.equal(codeOf(await send(flush(host, [origin, `Authorization: Bearer ${TOKEN}`]))), '200');
      assert.notEqual(codeOf(await send(flush(host, [origin, `Authorization: Bearer ${TOKEN}x`]))), '200');
    }
    assert.equal(backends.one.requests.length, 2);
    for (const { rawHead } of backends.one.requests)
      assert.doesNotMatch(rawHead, /authorization|the-admin-token/i);
  });

  test('passes with a known X-Forwarded-Host of a trusted proxy', async (t) => {
    const trusting = { config: { server: { rate_limits: { trust_proxy_headers: true } } } };
    const { send } = await startOne(t, 'sglang', {}, trusting);
    const forwarded = ['X-Forwarded-Host: ai.example.com', 'X-Forwarded-For: 203.0.113.5'];
    assert.equal(codeOf(await send(flush('inner.example', [own('ai.example.com'), ...forwarded]))), '200');
    assert.equal(
      codeOf(await send(flush('inner.example', [own('inner.example'), ...forwarded]))),
      'FORBIDDEN_ORIGIN',
    );
    assert.equal(codeOf(await send(flush('inner.example', [own('inner.example')]))), 'FORBIDDEN_HOST');
    const wary = await startOne(t, 'sglang');
    const refused = await wary.send(flush('inner.example', [own('ai.example.com'), ...forwarded]));
    assert.equal(codeOf(refused), 'FORBIDDEN_HOST');
  });

  test("is refused to a page without Origin, by its browser's Sec-Fetch-Site", async (t) => {
    const { send } = await startOne(t, 'sglang');
    const get = (host: string, site: string) =>
      send(bytes('GET', '/olla/sglang/flush_cache', [`Sec-Fetch-Site: ${site}`], host));
    assert.equal(codeOf(await get('localhost', 'cross-site')), 'FORBIDDEN_ORIGIN');
    assert.equal(codeOf(await get('localhost', 'same-site')), 'FORBIDDEN_ORIGIN');
    assert.equal(codeOf(await get('localhost', 'same-origin')), '200');
    assert.equal(codeOf(await get('localhost', 'none')), '200');
    assert.equal(codeOf(await get('evil.example', 'same-origin')), 'FORBIDDEN_HOST');
  });
});
