import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { assertError } from '@olla/testing/assert-response';
import { header } from '@olla/testing/http-message';
import { jsonResponse } from '@olla/testing/raw-backend';
import { chunkedPost, postBytes } from '@olla/testing/request-bytes';
import { startWithBackends } from '../../testing/gateway-with-backends.ts';

const MODEL = 'shared';
/** By priority, so that the order of attempts is known. */
const BY_PRIORITY = { config: { proxy: { load_balancer: 'priority' } } };
const FIRST = { models: [MODEL], config: { priority: 100 } };
const SECOND = { models: [MODEL], config: { priority: 50 } };

describe('a body that streams', () => {
  const LARGE = 300_000;
  const start = `{"model":"${MODEL}","input":"`;
  const large = `${start}${'x'.repeat(LARGE)}"}`;

  test('goes to the next endpoint when the first refuses the connection', async (t) => {
    const { backends, send } = await startWithBackends(t, { first: FIRST, second: SECOND }, BY_PRIORITY);
    await backends.first.close();
    const response = await send(postBytes(large));
    assert.deepEqual([response.status, response.header('x-olla-endpoint')], [200, 'second']);
    assert.equal(backends.second.requests[0]?.body().toString(), large);
  });

  test('is 502 when the connection is reset after a part of it was sent: it cannot be sent again', async (t) => {
    const { backends, connect } = await startWithBackends(t, { first: FIRST, second: SECOND }, BY_PRIORITY);
    backends.first.respond = ({ socket }) => socket.resetAndDestroy();
    const client = await connect();
    client.write(postBytes(large).subarray(0, 290_000));
    assertError(await client.nextResponse(), 502, 'BACKEND_ERROR');
    assert.equal(backends.second.requests.length, 0);
  });

  test('gets the response of an endpoint with a status of retry.statuses: it cannot be sent again', async (t) => {
    const { gateway, backends, connect } = await startWithBackends(
      t,
      { first: FIRST, second: SECOND },
      BY_PRIORITY,
    );
    backends.first.respond = ({ socket }) => void socket.write(jsonResponse({ error: 'full' }, '503 Busy'));
    const client = await connect();
    client.write(postBytes(large, ['X-Request-ID: spent']).subarray(0, 290_000));
    const response = await client.nextResponse();
    assert.deepEqual([response.status, response.text()], [503, '{"error":"full"}']);
    assert.equal(response.header('x-olla-endpoint'), 'first');
    assert.equal(backends.second.requests.length, 0);
    const line = await gateway.log.request('spent');
    assert.deepEqual([line['status'], line['error'], line['retries']], [503, undefined, undefined]);
  });

  test('goes out chunked when it came chunked, and with its length when that was announced', async (t) => {
    const { backends, send } = await startWithBackends(t, { only: FIRST });
    assert.equal((await send(postBytes(large))).status, 200);
    assert.equal((await send(chunkedPost([start, 'x'.repeat(LARGE), '"}']))).status, 200);
    const [counted = assert.fail(), chunked = assert.fail()] = backends.only.requests;
    assert.equal(header(counted, 'content-length'), String(large.length));
    assert.equal(header(chunked, 'transfer-encoding'), 'chunked');
    for (const request of [counted, chunked]) assert.equal(request.body().toString(), large);
  });
});
