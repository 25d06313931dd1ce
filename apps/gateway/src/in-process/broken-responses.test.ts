import assert from 'node:assert/strict';
import { describe, test, type TestContext } from 'node:test';
import { gzipSync } from 'node:zlib';
import { assertOnEveryResponse } from '@olla/testing/assert-response';
import { chunk, whenComplete, type Respond } from '@olla/testing/raw-backend';
import type { RawResponse } from '@olla/testing/raw-http';
import { postBytes } from '@olla/testing/request-bytes';
import { waitFor } from '@olla/testing/wait-for';
import { startWithBackends, type GatewayWithBackends } from '../../testing/gateway-with-backends.ts';

const MODEL = 'broken';
const ID = 'broken-1';
const SSE = 'Content-Type: text/event-stream';
const NDJSON = 'Content-Type: application/x-ndjson';
const CHUNKED = 'Transfer-Encoding: chunked';
const EVENT = 'data: {"choices":[{"delta":{"content":"half"}}]}\n\n';
const CHAT_BYTES = postBytes(`{"model":"${MODEL}","stream":true}`, [`X-Request-ID: ${ID}`]);

const start = (t: TestContext, respond: Respond, proxy: object = {}): Promise<GatewayWithBackends<'frail'>> =>
  startWithBackends(
    t,
    { frail: { models: [MODEL], respond: (request) => whenComplete(request, () => respond(request)) } },
    { config: { proxy } },
  );

/** Sends these bytes, then ends the connection. */
const endAfter =
  (head: readonly string[], ...pieces: (string | Buffer)[]): Respond =>
  ({ socket }) => {
    socket.write(['HTTP/1.1 200 OK', ...head, '', ''].join('\r\n'));
    for (const piece of pieces) socket.write(piece);
    socket.end();
  };

/** The JSON of the error event behind the backend's data. */
function errorEvent(response: RawResponse, sent: string, gap: string): { message: string; code: string } {
  assert.equal(response.status, 200);
  assert.equal(response.complete, false, 'a client that looks at the framing sees that the end is missing');
  assertOnEveryResponse(response);
  assert.ok(response.text().startsWith(sent), 'what came stays as it was');
  const event = response.text().slice(sent.length);
  const begin = `${gap}event: error\ndata: `;
  assert.ok(event.startsWith(begin) && event.endsWith('\n\n'), JSON.stringify(event));
  const { error } = JSON.parse(event.slice(begin.length)) as { error: { message: string; code: string } };
  return error;
}

describe('an event stream that breaks off', () => {
  for (const [where, sent, gap] of [
    ['at the end of an event', EVENT, '\n'],
    ['at the end of a line', `${EVENT}id: 5\n`, '\n'],
    ['within a line', `${EVENT}data: {"id":"c","cho`, '\n\n'],
    ['before any byte of its body', '', '\n'],
  ] as const)
    test(`ends with an error event and without its end when it breaks off ${where}`, async (t) => {
      const { send } = await start(t, endAfter([SSE, CHUNKED], sent === '' ? '' : chunk(sent)));
      const response = await send(CHAT_BYTES);
      const { code, message } = errorEvent(response, sent, gap);
      assert.equal(code, 'BACKEND_ERROR');
      assert.match(message, /endpoint frail broke off its .*incomplete/);
      assert.equal(response.header('x-olla-endpoint'), 'frail');
    });

  test('ends with an error event when the connection is reset', async (t) => {
    const { connect, backends } = await start(t, ({ socket }) => {
      socket.write(`HTTP/1.1 200 OK\r\n${SSE}\r\n${CHUNKED}\r\n\r\n${chunk(EVENT)}`);
    });
    const client = await connect();
    client.write(CHAT_BYTES);
    const head = await client.nextHead();
    await waitFor(() => head.text() === EVENT, { describe: 'the first event', intervalMs: 1 });
    backends.frail.requests[0]?.socket.resetAndDestroy();
    assert.equal(errorEvent(await client.nextResponse(), EVENT, '\n').code, 'BACKEND_ERROR');
  });

  test('ends with BACKEND_TIMEOUT when it is silent for longer than read_timeout, and the backend is aborted', async (t) => {
    const { send, backends } = await start(
      t,
      ({ socket }) => void socket.write(`HTTP/1.1 200 OK\r\n${SSE}\r\n${CHUNKED}\r\n\r\n${chunk(EVENT)}`),
      { read_timeout: '60ms' },
    );
    const { code, message } = errorEvent(await send(CHAT_BYTES), EVENT, '\n');
    assert.equal(code, 'BACKEND_TIMEOUT');
    assert.match(message, /silent for longer than proxy\.read_timeout/);
    await waitFor(() => backends.frail.requests[0]?.gone, {
      describe: 'the abort at the backend',
      intervalMs: 1,
    });
  });

  test('ends with BACKEND_TIMEOUT when it takes longer than response_timeout', async (t) => {
    const { send, backends } = await start(
      t,
      ({ socket }) => void socket.write(`HTTP/1.1 200 OK\r\n${SSE}\r\n${CHUNKED}\r\n\r\n${chunk(EVENT)}`),
      // Long enough that the head goes out before it on a slow machine.
      { response_timeout: '400ms' },
    );
    const { code, message } = errorEvent(await send(CHAT_BYTES), EVENT, '\n');
    assert.equal(code, 'BACKEND_TIMEOUT');
    assert.match(message, /longer than proxy\.response_timeout/);
    await waitFor(() => backends.frail.requests[0]?.gone, {
      describe: 'the abort at the backend',
      intervalMs: 1,
    });
  });

  test('ends with an error event when its chunks turn out not to be HTTP', async (t) => {
    const { send } = await start(t, ({ socket }) => {
      socket.write(`HTTP/1.1 200 OK\r\n${SSE}\r\n${CHUNKED}\r\n\r\n${chunk(EVENT)}zz\r\n`);
    });
    assert.equal(errorEvent(await send(CHAT_BYTES), EVENT, '\n').code, 'BACKEND_ERROR');
  });

  test('shows no addresses and no text of the backend', async (t) => {
    const { send, backends } = await start(t, endAfter([SSE, CHUNKED], chunk(EVENT)));
    const { message } = errorEvent(await send(CHAT_BYTES), EVENT, '\n');
    assert.ok(!message.includes(String(backends.frail.port)));
  });
});

describe('NDJSON that breaks off', () => {
  for (const [where, sent, lines] of [
    ['within a line', '{"half":1}\n{"ha', ['{"half":1}', '{"ha']],
    ['at the end of a line', '{"half":1}\n', ['{"half":1}']],
  ] as const)
    test(`ends with a line {"error": …} and without its end when it breaks off ${where}`, async (t) => {
      const { send } = await start(t, endAfter([NDJSON, CHUNKED], chunk(sent)));
      const response = await send(CHAT_BYTES);
      assert.equal(response.complete, false);
      const seen = response.text().split('\n');
      assert.deepEqual(seen.slice(0, lines.length), lines);
      const { error } = JSON.parse(seen[lines.length] as string) as { error: string };
      assert.match(error, /frail broke off/);
      assert.equal(seen.at(-1), '');
    });
});

describe('a body whose format has no errors', () => {
  test('is cut off when it is JSON', async (t) => {
    const { send } = await start(
      t,
      endAfter(['Content-Type: application/json', 'Content-Length: 100'], '{"half":'),
    );
    const response = await send(CHAT_BYTES);
    assert.deepEqual([response.text(), response.complete], ['{"half":', false]);
  });

  test('is cut off when it is compressed', async (t) => {
    const packed = gzipSync(EVENT).subarray(0, 20);
    const { send } = await start(t, endAfter([SSE, 'Content-Encoding: gzip', 'Content-Length: 100'], packed));
    const response = await send(CHAT_BYTES);
    assert.equal(response.complete, false);
    assert.ok(Buffer.concat(response.pieces.map(({ data }) => data)).equals(packed));
  });

  test('is cut off for HTTP/1.0 with a counted length: an error would look like a part of it', async (t) => {
    const { send } = await start(t, endAfter([SSE, `Content-Length: ${EVENT.length + 10}`], EVENT));
    const response = await send(CHAT_BYTES.toString().replace('HTTP/1.1', 'HTTP/1.0'));
    assert.equal(response.complete, false);
    assert.ok(EVENT.startsWith(response.text()));
  });

  test('is reset for HTTP/1.0 when the end of the connection marks its end', async (t) => {
    const { connect } = await start(t, endAfter([SSE, CHUNKED], chunk(EVENT)));
    const client = await connect();
    const reset = new Promise<string | undefined>((resolve) =>
      client.socket.once('error', ({ code }: NodeJS.ErrnoException) => resolve(code)),
    );
    client.write(CHAT_BYTES.toString().replace('HTTP/1.1', 'HTTP/1.0'));
    assert.equal(await reset, 'ECONNRESET');
  });
});

describe('a response that breaks off', () => {
  test('counts as a failure of the endpoint, once, and does not stay in flight', async (t) => {
    const { gateway, send, status } = await start(t, endAfter([SSE, CHUNKED], chunk(EVENT)));
    await send(CHAT_BYTES);
    const line = await gateway.log.request(ID);
    assert.deepEqual([line['status'], line['endpoint'], line['truncated']], [200, 'frail', true]);
    const { system, endpoints } = await status();
    assert.deepEqual([system.total_requests, system.total_failures], [1, 1]);
    assert.deepEqual(
      endpoints.map(({ connections }) => connections),
      [0],
    );
  });

  test('is not sent to another endpoint, because the client has a part of it', async (t) => {
    const { send, backends } = await startWithBackends(
      t,
      {
        frail: {
          models: [MODEL],
          config: { priority: 100 },
          respond: (request) => whenComplete(request, () => endAfter([SSE, CHUNKED], chunk(EVENT))(request)),
        },
        spare: { models: [MODEL], config: { priority: 50 } },
      },
      { config: { proxy: { load_balancer: 'priority' } } },
    );
    assert.equal((await send(CHAT_BYTES)).complete, false);
    assert.equal(backends.spare.requests.length, 0);
  });
});
