import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { assertError } from '@olla/testing/assert-response';
import { header } from '@olla/testing/http-message';
import { jsonResponse, whenComplete, type RawBackend, type Respond } from '@olla/testing/raw-backend';
import { chunkedPost, postBytes } from '@olla/testing/request-bytes';
import { waitFor } from '@olla/testing/wait-for';
import { startWithBackends } from '../../testing/gateway-with-backends.ts';

const MODEL = 'shared';
/** By priority, so that the order of attempts is known. */
const BY_PRIORITY = { config: { proxy: { load_balancer: 'priority' } } };
const FIRST = { models: [MODEL], config: { priority: 100 } };
const SECOND = { models: [MODEL], config: { priority: 50 } };
const TWO = { first: FIRST, second: SECOND };
const KIB = 1024;

const full: Respond = ({ socket }) => void socket.write(jsonResponse({ error: 'full' }, '503 Busy'));

/** Target and bytes of the body of each request: a second end of a chunked body would be one of its own. */
function received(backend: RawBackend): string[] {
  return backend.requests.map((request) => `${request.method} ${request.target} ${request.body().length}`);
}

describe('a body that streams', () => {
  const LARGE = 300_000;
  const start = `{"model":"${MODEL}","input":"`;
  const large = `${start}${'x'.repeat(LARGE)}"}`;

  test('goes to the next endpoint when the first refuses the connection', async (t) => {
    const { backends, send } = await startWithBackends(t, TWO, BY_PRIORITY);
    await backends.first.close();
    const response = await send(postBytes(large));
    assert.deepEqual([response.status, response.header('x-olla-endpoint')], [200, 'second']);
    assert.equal(backends.second.requests[0]?.body().toString(), large);
  });

  for (const [what, respond] of [
    ['the first resets the connection', ({ socket }) => socket.resetAndDestroy()],
    ['the first answers with a status of retry.statuses', full],
  ] as const satisfies [string, Respond][])
    test(`goes to the next endpoint when ${what} before all of it has arrived`, async (t) => {
      const { gateway, backends, connect } = await startWithBackends(t, TWO, BY_PRIORITY);
      backends.first.respond = respond;
      const client = await connect();
      const bytes = postBytes(large, ['X-Request-ID: again']);
      client.write(bytes.subarray(0, 290_000));
      await waitFor(() => backends.second.requests.length > 0, { describe: 'the second', intervalMs: 1 });
      client.write(bytes.subarray(290_000));
      const response = await client.nextResponse();
      assert.deepEqual([response.status, response.header('x-olla-endpoint')], [200, 'second']);
      assert.ok(backends.second.requests[0]?.body().equals(Buffer.from(large)));
      const line = await gateway.log.request('again');
      assert.deepEqual([line['retries'], line['bytes_in']], [1, large.length]);
    });

  for (const [size, bytes] of [
    ['200 KiB', 200 * KIB],
    ['300 KiB', 300 * KIB],
    ['3 MiB', 3 * 1024 * KIB],
  ] as const)
    for (const [framing, post] of [
      ['counted', postBytes],
      ['chunked', (body: string) => chunkedPost([body.slice(0, 100_000), body.slice(100_000)])],
    ] as const) {
      const body = `${start}${'x'.repeat(bytes)}"}`;

      for (const [what, respond] of [
        ['resets the connection', ({ socket }) => socket.resetAndDestroy()],
        ['is full', full],
      ] as const satisfies [string, Respond][])
        test(`of ${size}, ${framing}, goes to the next endpoint when the first ${what} after all of it`, async (t) => {
          const { backends, send } = await startWithBackends(t, TWO, BY_PRIORITY);
          assert.equal((await send(postBytes(`{"model":"${MODEL}"}`))).header('x-olla-endpoint'), 'first');
          backends.first.respond = (request) => whenComplete(request, () => respond(request));
          const response = await send(post(body));
          assert.deepEqual([response.status, response.header('x-olla-endpoint')], [200, 'second']);
          assert.deepEqual(received(backends.second), [`POST /v1/chat/completions ${body.length}`]);
          assert.ok(backends.second.requests[0]?.body().equals(Buffer.from(body)));
        });

      test(`of ${size}, ${framing}, goes over a new connection when the idle one is reset at its head`, async (t) => {
        const { backends, send } = await startWithBackends(t, { only: FIRST });
        const sockets = new Set<unknown>();
        backends.only.respond = (request) => {
          if (sockets.has(request.socket)) request.socket.resetAndDestroy();
          else whenComplete(request, () => request.socket.write(jsonResponse({ ok: true })));
          sockets.add(request.socket);
        };
        assert.equal((await send(postBytes(`{"model":"${MODEL}"}`))).status, 200);
        const response = await send(post(body));
        assert.deepEqual([response.status, sockets.size], [200, 2]);
        assert.ok(backends.only.requests.at(-1)?.body().equals(Buffer.from(body)));
      });
    }

  test("has each endpoint's name for the model", async (t) => {
    const { backends, send } = await startWithBackends(
      t,
      { first: { ...FIRST, models: ['at-first'] }, second: { ...SECOND, models: ['at-second'] } },
      { config: { ...BY_PRIORITY.config, model_aliases: { [MODEL]: ['at-first', 'at-second'] } } },
    );
    backends.first.respond = ({ socket }) => socket.resetAndDestroy();
    assert.equal((await send(postBytes(large))).status, 200);
    const received = backends.second.requests[0]?.body().toString();
    assert.equal(received, large.replace(`"${MODEL}"`, '"at-second"'));
  });

  const SMALL_BOUND = { retry: { max_body_size: 280_000 } };
  for (const [what, config] of [
    ['larger than proxy.retry.max_body_size', { proxy: { ...BY_PRIORITY.config.proxy, ...SMALL_BOUND } }],
    [
      'for which server.request_limits.max_pending_bytes has no room',
      { ...BY_PRIORITY.config, server: { request_limits: { max_pending_bytes: 200_000 } } },
    ],
  ] as const)
    describe(what, () => {
      for (const [framing, post] of [
        ['counted', postBytes],
        ['chunked', (body: string) => chunkedPost([body])],
      ] as const) {
        test(`is relayed, ${framing}, with the endpoint's own answer when that has a status of retry.statuses`, async (t) => {
          const { backends, send } = await startWithBackends(t, TWO, { config });
          backends.first.respond = (request) => whenComplete(request, () => full(request));
          const response = await send(post(large));
          assert.deepEqual([response.status, response.text()], [503, '{"error":"full"}']);
          assert.equal(response.header('x-olla-endpoint'), 'first');
          assert.ok(backends.first.requests[0]?.body().equals(Buffer.from(large)));
          assert.equal(backends.second.requests.length, 0);
        });

        test(`is 502, ${framing}, when the connection is reset after a part of it was sent`, async (t) => {
          const { backends, send } = await startWithBackends(t, TWO, { config });
          backends.first.respond = (request) => whenComplete(request, () => request.socket.resetAndDestroy());
          assertError(await send(post(large)), 502, 'BACKEND_ERROR');
          assert.equal(backends.second.requests.length, 0);
        });
      }

      test('goes to the next endpoint when the first refuses the connection', async (t) => {
        const { backends, send } = await startWithBackends(t, TWO, { config });
        await backends.first.close();
        assert.equal((await send(postBytes(large))).header('x-olla-endpoint'), 'second');
      });
    });

  test('is not kept at any size when proxy.retry.max_body_size is 0', async (t) => {
    const proxy = { ...BY_PRIORITY.config.proxy, retry: { max_body_size: 0 } };
    const { backends, chat } = await startWithBackends(t, TWO, { config: { proxy } });
    backends.first.respond = full;
    assert.equal((await chat(MODEL)).status, 503);
    await backends.first.close();
    assert.equal((await chat(MODEL)).status, 200);
  });

  for (const status of ['413 Payload Too Large', '401 Unauthorized', '400 Bad Request'])
    test(`gets the response that arrives before its end, from one endpoint: ${status}`, async (t) => {
      const { backends, connect } = await startWithBackends(t, TWO, BY_PRIORITY);
      backends.first.respond = ({ socket }) => void socket.write(jsonResponse({ error: 'no' }, status));
      const client = await connect();
      client.write(postBytes(large).subarray(0, 290_000));
      const response = await client.nextResponse();
      assert.deepEqual([response.status, response.text()], [Number(status.slice(0, 3)), '{"error":"no"}']);
      assert.deepEqual([backends.first.requests.length, backends.second.requests.length], [1, 0]);
    });

  test('is sent chunked when it arrived chunked, and with its length when that was announced', async (t) => {
    const { backends, send } = await startWithBackends(t, { only: FIRST });
    assert.equal((await send(postBytes(large))).status, 200);
    assert.equal((await send(chunkedPost([start, 'x'.repeat(LARGE), '"}']))).status, 200);
    const [counted = assert.fail(), chunked = assert.fail()] = backends.only.requests;
    assert.equal(header(counted, 'content-length'), String(large.length));
    assert.equal(header(chunked, 'transfer-encoding'), 'chunked');
    for (const request of [counted, chunked]) assert.equal(request.body().toString(), large);
  });
});
