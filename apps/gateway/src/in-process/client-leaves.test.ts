import assert from 'node:assert/strict';
import { describe, test, type TestContext } from 'node:test';
import { chunk, type RawBackend, type ReceivedRequest } from '@olla/testing/raw-backend';
import { postBytes } from '@olla/testing/request-bytes';
import { waitFor } from '@olla/testing/wait-for';
import { startWithBackends, type GatewayWithBackends } from '../../testing/gateway-with-backends.ts';

const MODEL = 'm';
const STREAM_HEAD =
  'HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n';
const ID = 'leaving-1';
const CHAT_BYTES = postBytes(`{"model":"${MODEL}","stream":true}`, [`X-Request-ID: ${ID}`]);
/** Larger than the bodies that are read completely before they are sent. */
const LARGE = 300_000;

type Fixture = GatewayWithBackends<'only'>;
const start = (t: TestContext, server: object = {}): Promise<Fixture> =>
  startWithBackends(t, { only: { models: [MODEL] } }, { config: { server } });

function requestAt(backend: RawBackend): Promise<ReceivedRequest> {
  const received = Promise.withResolvers<ReceivedRequest>();
  backend.respond = (request) => received.resolve(request);
  return received.promise;
}

/** The request is settled as one whose client left, nothing of it is in flight, and it was counted once. */
async function assertGivenBack({ gateway, status }: Fixture, code: number): Promise<void> {
  const line = await gateway.log.request(ID);
  assert.equal(line['status'], code);
  assert.equal(gateway.log.lines.filter(({ id }) => id === ID).length, 1);
  const { system, endpoints } = await status();
  assert.deepEqual(
    endpoints.map(({ connections }) => connections),
    [0],
  );
  assert.equal(system.total_failures, 0, 'a client that leaves is no failure of the endpoint');
}

const left = (request: ReceivedRequest): Promise<unknown> =>
  waitFor(() => request.gone, { describe: 'the abort at the backend', intervalMs: 1 });

describe('a client that leaves', () => {
  test('while the backend works, before the head: the attempt is aborted', async (t) => {
    const fixture = await start(t);
    const client = await fixture.connect();
    const arriving = requestAt(fixture.backends.only);
    client.write(CHAT_BYTES);
    const request = await arriving;
    assert.deepEqual(await fixture.inFlight(), { only: 1 });
    client.destroy();
    await left(request);
    await assertGivenBack(fixture, 499);
  });

  test('in mid-stream: the attempt is aborted', async (t) => {
    const fixture = await start(t);
    const client = await fixture.connect();
    const arriving = requestAt(fixture.backends.only);
    client.write(CHAT_BYTES);
    const request = await arriving;
    request.socket.write(STREAM_HEAD + chunk('data: 1\n\n'));
    await client.nextHead();
    assert.deepEqual(await fixture.inFlight(), { only: 1 });
    client.destroy();
    await left(request);
    await assertGivenBack(fixture, 200);
  });

  test('in mid-stream while it does not read: the attempt is aborted', async (t) => {
    const fixture = await start(t);
    const client = await fixture.connect();
    const arriving = requestAt(fixture.backends.only);
    client.write(CHAT_BYTES);
    const request = await arriving;
    request.socket.write(STREAM_HEAD);
    await client.nextHead();
    client.socket.pause();
    const piece = chunk('x'.repeat(64 * 1024));
    await waitFor(() => !request.socket.write(piece), {
      describe: 'the backend to stop writing',
      intervalMs: 0,
    });
    client.destroy();
    await left(request);
    await assertGivenBack(fixture, 200);
  });

  test('in the middle of a body that is read completely: the request is not sent', async (t) => {
    const fixture = await start(t);
    const client = await fixture.connect();
    client.write(CHAT_BYTES.subarray(0, -5));
    client.socket.end();
    assert.equal((await client.nextResponse()).status, 400);
    assert.equal(fixture.backends.only.requests.length, 0);
    await assertGivenBack(fixture, 400);
  });

  test('in the middle of a body that is read completely, by a reset: the request is not sent', async (t) => {
    const fixture = await start(t);
    const client = await fixture.connect();
    const body = `{"model":"${MODEL}"}`;
    const bytes = postBytes(body, [`X-Request-ID: ${ID}`, 'Expect: 100-continue']);
    client.write(bytes.subarray(0, -body.length));
    assert.equal((await client.nextResponse()).status, 100, 'the body is being read');
    client.write(body.slice(0, -5));
    client.socket.resetAndDestroy();
    await assertGivenBack(fixture, 499);
    assert.equal(fixture.backends.only.requests.length, 0);
  });

  test('in the middle of a body that streams: the attempt is aborted', async (t) => {
    const fixture = await start(t);
    const client = await fixture.connect();
    const arriving = requestAt(fixture.backends.only);
    const body = `{"model":"${MODEL}","input":"${'x'.repeat(LARGE)}"}`;
    client.write(postBytes(body, [`X-Request-ID: ${ID}`]).subarray(0, -1_000));
    const request = await arriving;
    client.socket.resetAndDestroy();
    await left(request);
    await assertGivenBack(fixture, 499);
  });

  test('while a lease is requested: the request is not sent', async (t) => {
    const fixture = await start(t, {
      rate_limits: {
        global_requests_per_minute: 600,
        per_ip_requests_per_minute: 600,
        health_requests_per_minute: 0,
        burst_size: 10,
      },
    });
    const [channel = assert.fail()] = fixture.gateway.channels;
    channel.hold();
    const client = await fixture.connect();
    client.write(CHAT_BYTES);
    await waitFor(() => channel.waiting > 0, { describe: 'the request for a lease', intervalMs: 1 });
    client.socket.resetAndDestroy();
    const line = await fixture.gateway.log.request(ID);
    assert.equal(line['status'], 499);
    channel.release();
    assert.equal((await fixture.chat(MODEL)).status, 200);
    assert.equal(
      fixture.backends.only.requests.length,
      1,
      'the request behind it is the only one that arrived',
    );
  });

  test('by ending its side of the connection: the attempt is aborted, as nginx does', async (t) => {
    const fixture = await start(t);
    const client = await fixture.connect();
    const arriving = requestAt(fixture.backends.only);
    client.write(CHAT_BYTES);
    const request = await arriving;
    client.socket.end();
    await left(request);
    await assertGivenBack(fixture, 499);
  });
});
