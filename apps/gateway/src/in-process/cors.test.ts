import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { assertError } from '@olla/testing/assert-response';
import type { RawResponse } from '@olla/testing/raw-http';
import { CHAT, postBytes, requestBytes } from '@olla/testing/request-bytes';
import { startWithBackends } from '../../testing/gateway-with-backends.ts';

const SPECS = { only: { models: ['m'] } };
const ORIGIN = 'Origin: http://a.test';
const PREFLIGHT = [ORIGIN, 'Access-Control-Request-Method: POST'];

const corsOf = (response: RawResponse): Record<string, string> =>
  Object.fromEntries(
    response.headers
      .map(([name, value]) => [name.toLowerCase(), value] as const)
      .filter(([name]) => name.startsWith('access-control-') || name === 'vary'),
  );

describe('a preflight', () => {
  test('is allowed from every origin by default, with the headers that it requests', async (t) => {
    const { gateway, backends, send } = await startWithBackends(t, SPECS);
    const asked = [
      ...PREFLIGHT,
      'Access-Control-Request-Headers: content-type, x-stainless-lang',
      'X-Request-ID: p-1',
    ];
    const response = await send(requestBytes('OPTIONS', CHAT, asked));
    assert.deepEqual([response.status, response.text()], [204, '']);
    assert.deepEqual(corsOf(response), {
      'access-control-allow-origin': '*',
      'access-control-allow-methods': 'GET, POST, OPTIONS',
      'access-control-allow-headers': 'Content-Type, Authorization, x-stainless-lang',
      'access-control-max-age': String(gateway.settings.server.cors.max_age),
      vary: 'Access-Control-Request-Method, Access-Control-Request-Headers',
    });
    assert.equal(response.header('x-olla-request-id'), 'p-1');
    assert.equal(backends.only.requests.length, 0, 'it is not relayed');
  });

  test('takes no token of a limit', async (t) => {
    const { send } = await startWithBackends(t, SPECS, {
      config: {
        server: {
          rate_limits: {
            global_requests_per_minute: 1,
            per_ip_requests_per_minute: 1,
            health_requests_per_minute: 1,
            burst_size: 1,
          },
        },
      },
    });
    for (let n = 0; n < 4; n += 1)
      assert.equal((await send(requestBytes('OPTIONS', CHAT, PREFLIGHT))).status, 204);
  });

  test('is 405 when CORS is switched off', async (t) => {
    const { send } = await startWithBackends(t, SPECS, { config: { server: { cors: { enabled: false } } } });
    const response = await send(requestBytes('OPTIONS', CHAT, PREFLIGHT));
    assert.equal(response.status, 405);
    assert.match(response.text(), /server\.cors\.enabled.*METHOD_NOT_ALLOWED/s);
    assert.deepEqual(corsOf(response), {});
  });

  test('names no origin that is not allowed', async (t) => {
    const { send } = await startWithBackends(t, SPECS, {
      config: { server: { cors: { allowed_origins: ['http://good.test'] } } },
    });
    const response = await send(requestBytes('OPTIONS', CHAT, PREFLIGHT));
    assert.equal(response.status, 204);
    assert.equal(response.header('access-control-allow-origin'), undefined);
    const good = await send(
      requestBytes('OPTIONS', CHAT, ['Origin: http://good.test', 'Access-Control-Request-Method: POST']),
    );
    assert.equal(good.header('access-control-allow-origin'), 'http://good.test');
  });
});

describe('the methods that a preflight names', () => {
  for (const [path, methods] of [
    [CHAT, 'GET, POST, OPTIONS'],
    ['/olla/ollama/api/delete', 'GET, POST, OPTIONS, HEAD, PUT, PATCH, DELETE'],
    ['/olla/proxy/v1/files/1', 'GET, POST, OPTIONS, HEAD, PUT, PATCH, DELETE'],
    ['/olla/models', 'GET, POST, OPTIONS'],
    ['/internal/status', 'GET, POST, OPTIONS'],
    ['/internal/endpoints/only/drain', 'GET, POST, OPTIONS'],
  ] as const)
    test(`are those of the route: ${path}`, async (t) => {
      const { send } = await startWithBackends(t, SPECS, {
        config: { server: { cors: { allowed_methods: ['GET'] } } },
      });
      const asked = [ORIGIN, 'Access-Control-Request-Method: DELETE'];
      const response = await send(requestBytes('OPTIONS', path, asked));
      assert.equal(response.header('access-control-allow-methods'), methods);
    });
});

describe('an origin that matches a pattern', () => {
  for (const [origin, allowed] of [
    ['http://localhost:3000', 'http://localhost:3000'],
    ['https://ui.example.com', 'https://ui.example.com'],
    ['chrome-extension://abcdefghijklmnop', 'chrome-extension://abcdefghijklmnop'],
    ['app://obsidian.md', 'app://obsidian.md'],
    ['https://ui.example.com.evil.test', undefined],
    ['http://localhost.evil.test:1', undefined],
  ] as const)
    test(`is ${allowed === undefined ? 'not ' : ''}allowed in the preflight and the response: ${origin}`, async (t) => {
      const { send } = await startWithBackends(t, SPECS, {
        config: {
          server: {
            cors: {
              allowed_origins: [
                'http://localhost:*',
                'https://*.example.com',
                'chrome-extension://*',
                'app://obsidian.md*',
              ],
            },
          },
        },
      });
      const headers = [`Origin: ${origin}`, 'Access-Control-Request-Method: POST'];
      const preflight = await send(requestBytes('OPTIONS', CHAT, headers));
      const response = await send(postBytes('{"model":"m"}', [`Origin: ${origin}`]));
      assert.equal(preflight.header('access-control-allow-origin'), allowed);
      assert.equal(response.header('access-control-allow-origin'), allowed);
    });
});

describe('an OPTIONS request that is no preflight', () => {
  test('is relayed', async (t) => {
    const { backends, send } = await startWithBackends(t, SPECS);
    assert.equal((await send(requestBytes('OPTIONS', '/olla/proxy/v1/files'))).status, 200);
    assert.equal(backends.only.requests[0]?.method, 'OPTIONS');
  });
});

describe('the CORS headers of a response', () => {
  test('are those of the gateway, not of the backend', async (t) => {
    const { backends, send } = await startWithBackends(t, SPECS);
    backends.only.respond = ({ socket }) =>
      void socket.write(
        'HTTP/1.1 200 OK\r\nAccess-Control-Allow-Origin: http://own.test\r\nAccess-Control-Allow-Credentials: true\r\nContent-Length: 0\r\n\r\n',
      );
    const response = await send(postBytes('{"model":"m"}', [ORIGIN]));
    const origins = response.headers.filter(([name]) => name.toLowerCase() === 'access-control-allow-origin');
    assert.deepEqual(
      origins.map(([, value]) => value),
      ['*'],
    );
    assert.equal(response.header('access-control-allow-credentials'), undefined);
    assert.match(response.header('access-control-expose-headers') ?? '', /X-Olla-Endpoint/);
  });

  test('are on errors too, those of the parser included', async (t) => {
    const { send } = await startWithBackends(t, SPECS);
    assertError(await send(postBytes('[]', [ORIGIN])), 400, 'INVALID_JSON');
    assertError(await send('GET /x y HTTP/1.1\r\n\r\n'), 400, 'BAD_REQUEST');
  });

  test('name the origin and vary by it when some origins are allowed, with credentials where set', async (t) => {
    const { send } = await startWithBackends(t, SPECS, {
      config: { server: { cors: { allowed_origins: ['http://good.test'], allow_credentials: true } } },
    });
    const good = await send(postBytes('{"model":"m"}', ['Origin: http://good.test']));
    assert.equal(good.header('access-control-allow-origin'), 'http://good.test');
    assert.equal(good.header('access-control-allow-credentials'), 'true');
    assert.equal(good.header('vary'), 'Origin');
    const other = await send(postBytes('{"model":"m"}', [ORIGIN]));
    assert.deepEqual(corsOf(other), { vary: 'Origin' });
  });
});
