import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { assertError } from '@olla/testing/assert-response';
import { freePort } from '@olla/testing/free-port';
import { jsonResponse, whenComplete, type Respond } from '@olla/testing/raw-backend';
import { sendRaw } from '@olla/testing/raw-http';
import { postBytes } from '@olla/testing/request-bytes';
import { waitFor } from '@olla/testing/wait-for';
import { startWithBackends } from '../../testing/gateway-with-backends.ts';
import { startInProcess } from '../../testing/in-process-gateway.ts';

const MODEL = 'shared';
/** By priority, so that the order of attempts is known. */
const BY_PRIORITY = { config: { proxy: { load_balancer: 'priority' } } };
const FIRST = { models: [MODEL], config: { priority: 100 } };
const SECOND = { models: [MODEL], config: { priority: 50 } };
const THIRD = { models: [MODEL], config: { priority: 10 } };

const respondWith =
  (body: unknown, status?: string, headers?: readonly string[]): Respond =>
  (request) =>
    whenComplete(request, () => request.socket.write(jsonResponse(body, status, headers)));
const reset: Respond = (request) => whenComplete(request, () => request.socket.resetAndDestroy());

describe('an attempt that fails before the response begins', () => {
  test('goes to the next endpoint with the same bytes when the connection is reset', async (t) => {
    const { gateway, backends, send } = await startWithBackends(
      t,
      { first: FIRST, second: SECOND },
      BY_PRIORITY,
    );
    backends.first.respond = reset;
    backends.second.respond = respondWith({ from: 'second' });
    const body = `{ "model" : "${MODEL}" , "n":1.0}`;
    const response = await send(postBytes(body));
    assert.equal(response.status, 200);
    assert.equal(response.header('x-olla-endpoint'), 'second');
    assert.equal(response.text(), '{"from":"second"}');
    assert.equal(backends.first.requests.length, 1);
    for (const { requests } of Object.values(backends)) assert.equal(requests[0]?.body().toString(), body);
    const line = await gateway.log.request(response.header('x-olla-request-id') ?? '');
    assert.deepEqual([line['endpoint'], line['retries'], line['error']], ['second', 1, undefined]);
  });

  test('goes to the next endpoint when the connection is refused', async (t) => {
    const { backends, chat } = await startWithBackends(t, { first: FIRST, second: SECOND }, BY_PRIORITY);
    await backends.first.close();
    const response = await chat(MODEL);
    assert.deepEqual([response.status, response.header('x-olla-endpoint')], [200, 'second']);
  });

  test('goes to as many endpoints as proxy.max_retries and proxy.retry allow', async (t) => {
    const bounds: [proxy: object, from: string][] = [
      [{ max_retries: 1 }, 'second'],
      [{ retry: { max_attempts: 3 } }, 'third'],
      [{ retry: { enabled: false } }, 'first'],
      [{ retry: { on_connection_failure: false } }, 'first'],
    ];
    for (const [proxy, last] of bounds) {
      const { backends, chat } = await startWithBackends(
        t,
        { first: FIRST, second: SECOND, third: THIRD, fourth: { models: [MODEL], config: { priority: 1 } } },
        { config: { proxy: { load_balancer: 'priority', ...proxy } } },
      );
      for (const backend of Object.values(backends)) backend.respond = reset;
      assert.equal((await chat(MODEL)).status, 502);
      const asked = Object.entries(backends).filter(([, { requests }]) => requests.length > 0);
      assert.equal(asked.at(-1)?.[0], last, JSON.stringify(proxy));
    }
  });

  test('goes to the next endpoint when no head arrives within response_header_timeout', async (t) => {
    const { backends, chat } = await startWithBackends(
      t,
      { first: FIRST, second: SECOND },
      { config: { proxy: { load_balancer: 'priority', response_header_timeout: '60ms' } } },
    );
    backends.first.respond = () => undefined;
    const response = await chat(MODEL);
    assert.deepEqual([response.status, response.header('x-olla-endpoint')], [200, 'second']);
    const [silent] = backends.first.requests;
    await waitFor(() => silent?.gone, { describe: 'the abort at the silent backend', intervalMs: 1 });
  });

  test('goes to the next endpoint when the response is not HTTP', async (t) => {
    const { backends, chat } = await startWithBackends(t, { first: FIRST, second: SECOND }, BY_PRIORITY);
    backends.first.respond = ({ socket }) => void socket.write('SSH-2.0-OpenSSH_9.6\r\n');
    const response = await chat(MODEL);
    assert.deepEqual([response.status, response.header('x-olla-endpoint')], [200, 'second']);
  });

  test('is repeated at the same endpoint over a new connection when the idle connection was closing', async (t) => {
    const { gateway, backends, chat } = await startWithBackends(
      t,
      { first: FIRST, second: SECOND },
      BY_PRIORITY,
    );
    assert.equal((await chat(MODEL)).header('x-olla-endpoint'), 'first');
    const [{ socket: used } = assert.fail()] = backends.first.requests;
    backends.first.respond = (request) =>
      request.socket === used ? request.socket.destroy() : respondWith({ ok: true })(request);
    const response = await chat(MODEL);
    assert.deepEqual([response.status, response.header('x-olla-endpoint')], [200, 'first']);
    assert.equal(backends.first.requests.length, 3);
    assert.equal(backends.second.requests.length, 0);
    const line = await gateway.log.request(response.header('x-olla-request-id') ?? '');
    assert.equal(line['retries'], undefined);
  });

  test('reaches two more endpoints at most when each attempt waited for a response', async (t) => {
    const specs = {
      first: FIRST,
      second: SECOND,
      third: THIRD,
      fourth: { models: [MODEL], config: { priority: 1 } },
    };
    const { backends, chat } = await startWithBackends(t, specs, BY_PRIORITY);
    for (const backend of Object.values(backends)) backend.respond = reset;
    const { message } = assertError(await chat(MODEL), 502, 'BACKEND_ERROR');
    assert.match(message, /endpoint third, the last of 3 endpoints that were tried,? closed/);
    assert.deepEqual(
      Object.values(backends).map(({ requests }) => requests.length),
      [1, 1, 1, 0],
    );
  });

  test('does not count refused connections towards that limit', async (t) => {
    const specs = {
      first: FIRST,
      second: SECOND,
      third: THIRD,
      fourth: { models: [MODEL], config: { priority: 1 } },
    };
    const { backends, chat } = await startWithBackends(t, specs, BY_PRIORITY);
    await Promise.all([backends.first.close(), backends.second.close(), backends.third.close()]);
    const response = await chat(MODEL);
    assert.deepEqual([response.status, response.header('x-olla-endpoint')], [200, 'fourth']);
  });
});

describe('a response with a status of proxy.retry.statuses', () => {
  for (const status of ['429 Too Many Requests', '502 Bad Gateway', '503 Busy', '504 Gateway Timeout'])
    test(`sends the request to the next endpoint: ${status}`, async (t) => {
      const { gateway, backends, chat } = await startWithBackends(
        t,
        { first: FIRST, second: SECOND },
        BY_PRIORITY,
      );
      backends.first.respond = respondWith({ error: 'full' }, status);
      const response = await chat(MODEL);
      assert.deepEqual([response.status, response.header('x-olla-endpoint')], [200, 'second']);
      const line = await gateway.log.request(response.header('x-olla-request-id') ?? '');
      assert.equal(line['retries'], 1);
    });

  test('is the response when no other endpoint is left, with its own body and Retry-After', async (t) => {
    const { backends, chat } = await startWithBackends(t, { first: FIRST, second: SECOND }, BY_PRIORITY);
    for (const backend of Object.values(backends))
      backend.respond = respondWith({ error: 'full' }, '503 Busy', ['Retry-After: 7']);
    const response = await chat(MODEL);
    assert.deepEqual([response.status, response.text()], [503, '{"error":"full"}']);
    assert.deepEqual([response.header('retry-after'), response.header('x-olla-endpoint')], ['7', 'second']);
  });
});

describe('a server that is full', () => {
  const full = (request: Parameters<Respond>[0]): void => respondWith({ error: 'full' }, '503 Busy')(request);
  const specs = { full: { models: [MODEL] }, slow: { models: [MODEL] } };

  test('gets no more requests because it refuses them fast, and is not ejected', async (t) => {
    const { backends, chat, status } = await startWithBackends(t, specs);
    backends.full.respond = full;
    backends.slow.respond = (request) =>
      whenComplete(
        request,
        () => void setTimeout(() => request.socket.write(jsonResponse({ from: 'slow' })), 40),
      );
    const client = async (): Promise<number[]> => {
      const seen: number[] = [];
      for (let i = 0; i < 10; i += 1) seen.push((await chat(MODEL)).status);
      return seen;
    };
    const statuses = (await Promise.all([client(), client(), client(), client()])).flat();
    assert.deepEqual(statuses, new Array(40).fill(200));
    assert.ok(backends.full.requests.length <= 8, `${backends.full.requests.length} requests were refused`);
    assert.deepEqual(
      (await status()).endpoints.map((endpoint) => endpoint.status),
      ['healthy', 'healthy'],
    );
  });

  test('is used again after its backoff', async (t) => {
    const { backends, chat } = await startWithBackends(t, { first: FIRST, second: SECOND }, BY_PRIORITY);
    backends.first.respond = full;
    assert.equal((await chat(MODEL)).header('x-olla-endpoint'), 'second');
    assert.equal((await chat(MODEL)).header('x-olla-endpoint'), 'second');
    assert.equal(backends.first.requests.length, 1);
    backends.first.respond = respondWith({ from: 'first' });
    await waitFor(async () => (await chat(MODEL)).header('x-olla-endpoint') === 'first', {
      describe: 'the first endpoint to be used again',
    });
  });

  test('still gets the requests that only it can serve, and its own refusal is relayed', async (t) => {
    const { backends, chat } = await startWithBackends(t, { only: FIRST });
    backends.only.respond = respondWith({ error: 'full' }, '429 Too Many Requests', ['Retry-After: 600']);
    const refused = await chat(MODEL);
    assert.deepEqual([refused.status, refused.header('retry-after')], [429, '600']);
    backends.only.respond = respondWith({ ok: true });
    assert.equal((await chat(MODEL)).status, 200);
  });

  test('does not end the search: a request passes any number of servers that refuse at once', async (t) => {
    const many = { a: FIRST, b: FIRST, c: FIRST, d: FIRST, e: { models: [MODEL], config: { priority: 1 } } };
    const { backends, chat } = await startWithBackends(t, many, BY_PRIORITY);
    for (const name of ['a', 'b', 'c', 'd'] as const) backends[name].respond = full;
    const response = await chat(MODEL);
    assert.deepEqual([response.status, response.header('x-olla-endpoint')], [200, 'e']);
  });
});

describe('a response with another status', () => {
  for (const status of ['400 Bad Request', '404 Not Found', '500 Oops'])
    test(`is relayed and not sent elsewhere: ${status}`, async (t) => {
      const { backends, chat } = await startWithBackends(t, { first: FIRST, second: SECOND }, BY_PRIORITY);
      backends.first.respond = respondWith('{"error": "own  words"}', status, ['Retry-After: 7']);
      const response = await chat(MODEL);
      assert.equal(response.status, Number(status.slice(0, 3)));
      assert.equal(response.text(), '{"error": "own  words"}');
      assert.equal(response.header('retry-after'), '7');
      assert.equal(backends.second.requests.length, 0);
    });
});

describe('an error names the endpoint and the failure', () => {
  test('502 when the only endpoint resets the connection', async (t) => {
    const { backends, chat } = await startWithBackends(t, { only: FIRST });
    backends.only.respond = reset;
    assert.match(
      assertError(await chat(MODEL), 502, 'BACKEND_ERROR').message,
      /endpoint only closed the connection/,
    );
  });

  test('502 when the only endpoint sends bytes that are not HTTP', async (t) => {
    const { backends, chat } = await startWithBackends(t, { only: FIRST });
    backends.only.respond = ({ socket }) => void socket.end('\u0016\u0003\u0001 no http\r\n\r\n');
    assert.match(
      assertError(await chat(MODEL), 502, 'BACKEND_ERROR').message,
      /endpoint only sent a response that is not valid HTTP \(HPE_INVALID_CONSTANT\)/,
    );
  });

  test('502 when the only endpoint refuses the connection, without its address', async (t) => {
    const url = `http://127.0.0.1:${await freePort()}`;
    const gateway = await startInProcess({ endpoints: [{ name: 'only', url, models: [MODEL] }] });
    t.after(() => gateway.stop());
    const { message } = assertError(
      await sendRaw(gateway.port, postBytes(`{"model":"${MODEL}"}`)),
      502,
      'BACKEND_ERROR',
    );
    assert.match(message, /endpoint only cannot be reached \(ECONNREFUSED\)/);
    assert.doesNotMatch(message, /127\.0\.0\.1/);
  });

  test('504 when the only endpoint is silent beyond response_header_timeout', async (t) => {
    const { backends, chat } = await startWithBackends(
      t,
      { only: FIRST },
      {
        config: { proxy: { response_header_timeout: '60ms' } },
      },
    );
    backends.only.respond = () => undefined;
    const { message } = assertError(await chat(MODEL), 504, 'BACKEND_TIMEOUT');
    assert.match(message, /endpoint only .*within proxy\.response_header_timeout/);
  });

  for (const [what, piece] of [
    ['a head of which a line comes now and then', 'X-More: 1\r\n'],
    ['interim responses', '\r\nHTTP/1.1 102 Processing\r\n'],
  ] as const)
    test(`504 when the only endpoint sends nothing but ${what} beyond response_header_timeout`, async (t) => {
      const { backends, chat } = await startWithBackends(
        t,
        { only: FIRST },
        { config: { proxy: { response_header_timeout: '60ms' } } },
      );
      backends.only.respond = ({ socket }) => {
        socket.write('HTTP/1.1 102 Processing\r\n');
        const timer = setInterval(() => socket.write(piece), 5);
        socket.once('close', () => clearInterval(timer));
      };
      assertError(await chat(MODEL), 504, 'BACKEND_TIMEOUT');
    });

  test('504 when response_timeout is over: no other endpoint is tried', async (t) => {
    const { backends, chat } = await startWithBackends(
      t,
      { first: FIRST, second: SECOND },
      { config: { proxy: { load_balancer: 'priority', response_timeout: '60ms' } } },
    );
    backends.first.respond = () => undefined;
    assertError(await chat(MODEL), 504, 'BACKEND_TIMEOUT');
    assert.equal(backends.second.requests.length, 0);
  });

  test('504 when the response takes longer than response_timeout to begin', async (t) => {
    const { backends, chat } = await startWithBackends(
      t,
      { only: FIRST },
      {
        config: { proxy: { response_timeout: '60ms' } },
      },
    );
    backends.only.respond = () => undefined;
    const { message } = assertError(await chat(MODEL), 504, 'BACKEND_TIMEOUT');
    assert.match(message, /endpoint only took longer than proxy\.response_timeout/);
    const [silent] = backends.only.requests;
    await waitFor(() => silent?.gone, { describe: 'the abort at the silent backend', intervalMs: 1 });
  });
});
