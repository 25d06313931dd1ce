import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  chunk,
  jsonResponse,
  whenComplete,
  type RawBackend,
  type ReceivedRequest,
} from '@olla/testing/raw-backend';
import { openConnection, type RawConnection } from '@olla/testing/raw-http';
import { postBytes } from '@olla/testing/request-bytes';
import { waitFor } from '@olla/testing/wait-for';
import { startWithBackends } from '../../testing/gateway-with-backends.ts';

const MODEL = 'lived';
const SPECS = { only: { models: [MODEL] } };
const CHAT_BYTES = postBytes(`{"model":"${MODEL}","stream":true}`, ['X-Request-ID: draining']);
const STREAM_HEAD =
  'HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n';
/** Far longer than a test takes. */
const LONG_MS = 60_000;

async function begin(client: RawConnection, backend: RawBackend): Promise<ReceivedRequest> {
  const received = Promise.withResolvers<ReceivedRequest>();
  backend.respond = (request) => whenComplete(request, () => received.resolve(request));
  client.write(CHAT_BYTES);
  return received.promise;
}

const refusesConnections = (port: number): Promise<boolean> =>
  openConnection(port).then(
    (late) => (late.destroy(), false),
    () => true,
  );

describe('a worker that drains', () => {
  test('finishes running requests, accepts no new connection, and closes the connection behind the response', async (t) => {
    const { gateway, backends, connect } = await startWithBackends(t, SPECS);
    const client = await connect();
    const request = await begin(client, backends.only);
    request.socket.write(STREAM_HEAD + chunk('data: 1\n\n'));
    await client.nextHead();
    const stopped = gateway.workers[0]?.stop(LONG_MS);
    await waitFor(() => refusesConnections(gateway.port), {
      describe: 'refused connections',
      intervalMs: 1,
    });
    request.socket.write(`${chunk('data: [DONE]\n\n')}0\r\n\r\n`);
    const response = await client.nextResponse();
    assert.deepEqual([response.text(), response.complete], ['data: 1\n\ndata: [DONE]\n\n', true]);
    await waitFor(() => client.closed, { describe: 'the connection to be closed', intervalMs: 1 });
    await stopped;
  });

  test('sends `Connection: close` to a client whose response has not begun', async (t) => {
    const { gateway, backends, connect } = await startWithBackends(t, SPECS);
    const client = await connect();
    const request = await begin(client, backends.only);
    const stopped = gateway.workers[0]?.stop(LONG_MS);
    request.socket.write(jsonResponse({ ok: true }));
    const response = await client.nextResponse();
    assert.deepEqual([response.complete, response.header('connection')], [true, 'close']);
    await stopped;
  });

  test('closes idle connections at once', async (t) => {
    const { gateway, connect } = await startWithBackends(t, SPECS);
    const unused = await connect();
    const used = await connect();
    used.write(postBytes(`{"model":"${MODEL}"}`));
    assert.equal((await used.nextResponse()).header('connection'), 'keep-alive');
    await gateway.workers[0]?.stop(LONG_MS);
    for (const client of [unused, used])
      await waitFor(() => client.closed, { describe: 'the connection to be closed', intervalMs: 1 });
  });

  test('completes a response that its client has not read yet', async (t) => {
    const { gateway, backends, connect } = await startWithBackends(t, SPECS);
    const client = await connect();
    const body = 'x'.repeat(4 * 1024 * 1024);
    backends.only.respond = (request) =>
      whenComplete(request, () => request.socket.write(jsonResponse(body)));
    client.write(CHAT_BYTES);
    await client.nextHead();
    client.socket.pause();
    const stopped = gateway.workers[0]?.stop(LONG_MS);
    await waitFor(() => refusesConnections(gateway.port), {
      describe: 'connections to be refused',
      intervalMs: 1,
    });
    client.socket.resume();
    const response = await client.nextResponse();
    assert.deepEqual([response.complete, response.text().length], [true, body.length]);
    await stopped;
  });

  test('aborts responses that exceed its time, so that clients see it, and the backend too', async (t) => {
    const { gateway, backends, connect } = await startWithBackends(t, SPECS);
    const client = await connect();
    const request = await begin(client, backends.only);
    request.socket.write(STREAM_HEAD + chunk('data: 1\n\n'));
    await client.nextHead();
    await gateway.workers[0]?.stop(50);
    assert.equal((await client.nextResponse()).complete, false);
    await waitFor(() => request.gone, { describe: 'the abort at the backend', intervalMs: 1 });
    assert.equal((await gateway.log.request('draining'))['status'], 200);
  });

  test('leaves the requests of the other workers alone', async (t) => {
    const { gateway, backends } = await startWithBackends(t, SPECS, { workers: 2 });
    const client = await openConnection(gateway.ports[1] as number);
    t.after(() => client.destroy());
    const request = await begin(client, backends.only);
    await gateway.workers[0]?.stop(0);
    request.socket.write(jsonResponse({ ok: true }));
    assert.equal((await client.nextResponse()).status, 200);
  });
});
