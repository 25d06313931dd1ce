import assert from 'node:assert/strict';
import { describe, test, type TestContext } from 'node:test';
import { processSchema } from '@olla/admin-api/schema/process';
import { statusEndpointsSchema, statusSchema } from '@olla/admin-api/schema/status';
import { assertError } from '@olla/testing/assert-response';
import type { RawResponse } from '@olla/testing/raw-http';
import { startWithBackends, type GatewayWithBackends } from '../../testing/gateway-with-backends.ts';
import type { InProcessOptions } from '../../testing/in-process-gateway.ts';

const TOKEN = 'the-admin-token';
const AUTHORIZED = `Authorization: Bearer ${TOKEN}`;
const EVIL = 'Origin: https://evil.example';
const READS = [
  '/internal/status',
  '/internal/status/endpoints',
  '/internal/status/models',
  '/internal/process',
  '/internal/events',
  '/internal/stats/models',
  '/internal/health',
  '/version',
  '/olla/models',
] as const;

const start = (t: TestContext, config: InProcessOptions['config'] = {}): Promise<GatewayWithBackends<'a'>> =>
  startWithBackends(t, { a: { type: 'ollama', models: ['m'] } }, { adminToken: TOKEN, config });

const bytes = (path: string, host: string, headers: readonly string[] = [], method = 'GET'): string =>
  [`${method} ${path} HTTP/1.1`, `Host: ${host}`, ...headers, 'Content-Length: 0', '', ''].join('\r\n');

/** Whether a response shows the backend's address, or a process's id. */
function exposes(response: RawResponse, backend: number): { url: boolean; pid: boolean } {
  const text = response.text();
  assert.equal(response.status, 200, text);
  return {
    url: text.includes(`:${backend}`) || /"url":/.test(text),
    pid: /"pid":/.test(text) || /:\d+:[0-9a-f]{6,}"/.test(text) || text.includes(`:${process.pid}:`),
  };
}

describe('a reader of the admin API', () => {
  for (const path of READS)
    test(`sees no backend URL and no process id from a page of another origin, or under an unknown host: ${path}`, async (t) => {
      const { backends, send } = await start(t);
      for (const [host, headers] of [
        ['localhost', [EVIL]],
        ['localhost', ['Origin: null']],
        ['localhost', [EVIL, 'Authorization: Bearer wrong']],
        ['localhost', ['Sec-Fetch-Site: cross-site']],
        ['evil.example', []],
        ['evil.example', ['Origin: http://evil.example']],
      ] as const) {
        const seen = exposes(await send(bytes(path, host, headers)), backends.a.port);
        assert.deepEqual(seen, { url: false, pid: false }, `${host} ${headers.join()}`);
      }
    });

  test('sees both as a tool, as a page of the same origin and with the admin token', async (t) => {
    const { backends, send } = await start(t, { server: { allowed_hosts: ['ai.example.com'] } });
    for (const [host, headers] of [
      ['127.0.0.1:40114', []],
      ['gateway', ['Origin: http://gateway']],
      ['localhost', ['Sec-Fetch-Site: same-origin']],
      ['localhost', ['Sec-Fetch-Site: none']],
      ['ai.example.com', []],
      ['evil.example', [AUTHORIZED]],
      ['localhost', [EVIL, AUTHORIZED]],
    ] as const) {
      const seen = exposes(await send(bytes('/internal/status', host, headers)), backends.a.port);
      assert.deepEqual(seen, { url: true, pid: true }, `${host} ${headers.join()}`);
    }
    // Every browser sends Host.
    const old = await send('GET /internal/status HTTP/1.0\r\n\r\n');
    assert.deepEqual(exposes(old, backends.a.port), { url: true, pid: true });
  });

  test('gets its own view of data that readers of both kinds share, and another ETag', async (t) => {
    const { backends, send } = await start(t);
    const path = '/internal/status/endpoints';
    const both = () =>
      Promise.all([
        send(bytes(path, 'localhost')),
        send(bytes(path, 'localhost', [EVIL])),
        send(bytes(path, 'localhost')),
      ]);
    const [own, other, again] = await both();
    assert.deepEqual(
      [own, other, again].map((response) => exposes(response, backends.a.port).url),
      [true, false, true],
    );
    assert.notEqual(own.header('etag'), other.header('etag'));
    assert.equal(own.header('etag'), again.header('etag'));
  });

  test('gets bodies of the documented schema either way', async (t) => {
    const { send } = await start(t);
    for (const headers of [[], [EVIL]]) {
      const read = async (path: string): Promise<unknown> =>
        JSON.parse((await send(bytes(path, 'localhost', headers))).text());
      assert.equal(statusSchema.safeParse(await read('/internal/status')).error, undefined);
      assert.equal(
        statusEndpointsSchema.safeParse(await read('/internal/status/endpoints')).error,
        undefined,
      );
      assert.equal(processSchema.safeParse(await read('/internal/process')).error, undefined);
    }
  });
});

describe('a change through the admin API', () => {
  const refresh = (host: string, ...headers: string[]) => bytes('/internal/refresh', host, headers, 'POST');

  test('needs a known host if a page sends it without the admin token', async (t) => {
    const { send } = await start(t);
    const own = 'Origin: http://evil.example';
    const { message } = assertError(await send(refresh('evil.example', own)), 403, 'FORBIDDEN_HOST');
    assert.match(message, /server\.allowed_hosts/);
    assertError(await send(refresh('evil.example', own, 'Authorization: Bearer x')), 403, 'FORBIDDEN_HOST');
    assertError(
      await send(bytes('/internal/endpoints/a/drain', 'evil.example', [own], 'POST')),
      403,
      'FORBIDDEN_HOST',
    );
    assert.equal((await send(refresh('evil.example', own, AUTHORIZED))).status, 200);
  });

  test('needs only the token otherwise', async (t) => {
    const { send } = await start(t);
    assertError(await send(refresh('evil.example')), 401, 'UNAUTHORIZED');
    assertError(await send(refresh('localhost', 'Origin: http://localhost')), 401, 'UNAUTHORIZED');
    assertError(await send(refresh('localhost', EVIL)), 401, 'UNAUTHORIZED');
    assert.equal((await send(refresh('localhost', EVIL, AUTHORIZED))).status, 200);
    assert.equal((await send(refresh('evil.example', AUTHORIZED))).status, 200);
  });
});
