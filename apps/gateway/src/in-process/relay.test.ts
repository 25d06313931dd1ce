import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  chunk,
  jsonResponse,
  whenComplete,
  type RawBackend,
  type ReceivedRequest,
} from '@olla/testing/raw-backend';
import type { RawConnection, RawResponse } from '@olla/testing/raw-http';
import { postBytes, requestBytes } from '@olla/testing/request-bytes';
import { waitFor } from '@olla/testing/wait-for';
import { startWithBackends } from '../../testing/gateway-with-backends.ts';

const MODEL = 'streamed';
const SPECS = { only: { models: [MODEL] } };
const STREAM_HEAD =
  'HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n';
/** Without it a stream would get an error event. */
const DONE = 'data: [DONE]\n\n';
const FILES = '/olla/proxy/v1/files';
const MIB = 1024 * 1024;

/** Sends a chat. Resolves when its request is complete at the backend, which has not answered. */
async function openStream(
  client: RawConnection,
  backend: RawBackend,
  bytes: string | Buffer = postBytes(`{"model":"${MODEL}","stream":true}`),
): Promise<ReceivedRequest> {
  const received = Promise.withResolvers<ReceivedRequest>();
  backend.respond = (request) => whenComplete(request, () => received.resolve(request));
  client.write(bytes);
  return received.promise;
}

/** Writes until the sink has no room, continues when it has, then ends; `written` counts the bytes. */
function pump(socket: RawConnection['socket'], total: number, frame: (piece: string) => string, end: string) {
  const piece = 'x'.repeat(64 * 1024);
  const state = { written: 0 };
  const more = (): void => {
    while (state.written < total) {
      state.written += piece.length;
      if (!socket.write(frame(piece))) {
        socket.once('drain', more);
        return;
      }
    }
    socket.write(end);
  };
  more();
  return state;
}

/** Resolves when the count has not risen for 20 checks that are a millisecond apart. */
async function held(state: { readonly written: number }): Promise<void> {
  let before = -1;
  let same = 0;
  await waitFor(
    () => {
      same = state.written === before ? same + 1 : 0;
      before = state.written;
      return same === 20;
    },
    { describe: 'the writer to stop', intervalMs: 2 },
  );
}

describe('a response on its way to the client', () => {
  test('head and each chunk are relayed while the backend still works', async (t) => {
    const { backends, connect } = await startWithBackends(t, SPECS);
    const client = await connect();
    const request = await openStream(client, backends.only);
    request.socket.write(STREAM_HEAD);
    const response = await client.nextHead();
    assert.equal(response.status, 200);
    assert.equal(response.pieces.length, 0, 'the head did not wait for a byte of the body');
    for (const n of [1, 2, 3]) {
      request.socket.write(chunk(`data: ${n}\n\n`));
      await waitFor(() => response.pieces.length === n, { describe: `chunk ${n}`, intervalMs: 1 });
      assert.ok(response.text().endsWith(`data: ${n}\n\n`));
    }
    assert.equal(response.complete, false);
    request.socket.write('0\r\n\r\n');
    assert.equal((await client.nextResponse()).complete, true);
  });

  test('chunks that arrive with the head are sent with it, each as a separate chunk', async (t) => {
    const { backends, connect } = await startWithBackends(t, SPECS);
    const client = await connect();
    let reads = 0;
    client.socket.on('data', () => (reads += 1));
    const request = await openStream(client, backends.only);
    request.socket.write(`${STREAM_HEAD}${chunk('one\n')}${chunk(DONE)}0\r\n\r\n`);
    const response = await client.nextResponse();
    assert.deepEqual(
      response.pieces.map(({ data }) => data.toString()),
      ['one\n', DONE],
    );
    assert.equal(reads, 1, 'head, chunks and end in one write');
  });

  test('has the total time in a trailer, instead of its length', async (t) => {
    const { backends, connect } = await startWithBackends(t, SPECS);
    const client = await connect();
    const request = await openStream(client, backends.only);
    const startedMs = performance.now();
    request.socket.write('HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nab');
    const head = await client.nextHead();
    await waitFor(() => performance.now() - startedMs > 20, { describe: 'a while', intervalMs: 5 });
    request.socket.write('cd');
    const response = await client.nextResponse();
    assert.deepEqual([response.text(), response.complete], ['abcd', true]);
    assert.equal(head.header('content-length'), undefined);
    assert.equal(head.header('transfer-encoding'), 'chunked');
    assert.equal(head.header('trailer'), 'X-Olla-Response-Time');
    assert.equal(head.header('x-olla-response-time'), undefined);
    assert.equal(response.trailers.length, 1);
    const [name, value = ''] = response.trailers[0] ?? [];
    assert.equal(name, 'X-Olla-Response-Time');
    assert.ok(Number(/^(\d+)ms$/.exec(value)?.[1]) >= 20, value);
  });

  test('keeps status, headers and bytes, also those of an error', async (t) => {
    const { backends, connect } = await startWithBackends(t, SPECS);
    const client = await connect();
    const request = await openStream(client, backends.only);
    const text = '{"error":{"message":"kept \\u00fc",  "odd": 1e400}}\n';
    request.socket.write(
      jsonResponse(text, '418 I am a teapot', ['X-Backend: 1', 'X-Multi: a=1', 'x-multi: b=2']),
    );
    const response = await client.nextResponse();
    assert.deepEqual([response.status, response.text()], [418, text]);
    assert.deepEqual(
      response.headers.filter(([name]) => name.toLowerCase() === 'x-multi').map(([, value]) => value),
      ['a=1', 'b=2'],
    );
    assert.equal(response.header('x-backend'), '1');
    assert.equal(response.header('x-olla-endpoint'), 'only');
    assert.equal(response.header('x-olla-backend-type'), 'openai');
    assert.equal(response.header('x-olla-model'), MODEL);
  });

  test('keeps the bytes of headers that are not ASCII, whether its body comes with its head or later', async (t) => {
    const { backends, connect } = await startWithBackends(t, SPECS);
    const client = await connect();
    const head = 'HTTP/1.1 200 OK\r\nX-Name: “ü”\r\nContent-Length: 2\r\n\r\n';
    const nameIn = ({ header }: RawResponse): string =>
      Buffer.from(header('x-name') ?? '', 'latin1').toString();
    (await openStream(client, backends.only)).socket.write(`${head}ok`);
    assert.equal(nameIn(await client.nextResponse()), '“ü”');
    const { socket } = await openStream(client, backends.only);
    socket.write(head);
    assert.equal(nameIn(await client.nextHead()), '“ü”');
    socket.write('ok');
    assert.equal((await client.nextResponse()).text(), 'ok');
  });

  test('is complete for HTTP/1.0, with its length and without a trailer', async (t) => {
    const { backends, send } = await startWithBackends(t, SPECS);
    const old = postBytes(`{"model":"${MODEL}"}`).toString().replace('HTTP/1.1', 'HTTP/1.0');
    const counted = await send(old);
    assert.deepEqual([counted.text(), counted.header('content-length')], ['{"ok":true}', '11']);
    backends.only.respond = (request) =>
      whenComplete(request, () =>
        request.socket.write(`${STREAM_HEAD}${chunk('ab\n')}${chunk(DONE)}0\r\n\r\n`),
      );
    const streamed = await send(old);
    assert.deepEqual([streamed.text(), streamed.complete], [`ab\n${DONE}`, true]);
    for (const response of [counted, streamed])
      for (const name of ['trailer', 'transfer-encoding'])
        assert.equal(response.header(name), undefined, name);
  });

  test('that has no body has its time as a header, and the connection stays in step', async (t) => {
    const { backends, connect } = await startWithBackends(t, SPECS);
    const client = await connect();
    for (const [method, status, headers] of [
      ['HEAD', '200 OK', 'Content-Length: 1234\r\n'],
      ['HEAD', '200 OK', 'Transfer-Encoding: chunked\r\n'],
      ['GET', '204 No Content', ''],
      ['GET', '204 No Content', 'Content-Length: 1234\r\n'],
      ['GET', '304 Not Modified', 'Content-Length: 1234\r\n'],
    ] as const) {
      backends.only.respond = ({ socket }) =>
        void socket.write(`HTTP/1.1 ${status}\r\n${headers}X-Kept: yes\r\n\r\n`);
      client.write(requestBytes(method, FILES));
      const response = await client.nextResponse(method);
      assert.equal(response.status, Number(status.slice(0, 3)));
      assert.equal(response.header('x-kept'), 'yes');
      assert.match(response.header('x-olla-response-time') ?? '', /^\d+ms$/);
      // RFC 9110 §8.6: 204 has none.
      const length = status !== '204 No Content' && headers.includes('Length') ? '1234' : undefined;
      assert.equal(response.header('content-length'), length, `${method} ${status}`);
      for (const name of ['trailer', 'transfer-encoding'])
        assert.equal(response.header(name), undefined, name);
    }
    client.write(postBytes(`{"model":"${MODEL}"}`));
    backends.only.respond = ({ socket }) => void socket.write(jsonResponse({ ok: true }));
    assert.equal((await client.nextResponse()).text(), '{"ok":true}');
  });

  test('that ends with its connection is complete, and chunked for the client', async (t) => {
    const { backends, connect } = await startWithBackends(t, SPECS);
    const client = await connect();
    const request = await openStream(client, backends.only);
    request.socket.end('HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\nuntil the end');
    const response = await client.nextResponse();
    assert.deepEqual([response.text(), response.complete], ['until the end', true]);
    assert.equal(response.header('transfer-encoding'), 'chunked');
  });

  test('follows interim responses, which are not relayed', async (t) => {
    const { backends, connect } = await startWithBackends(t, SPECS);
    const client = await connect();
    const request = await openStream(client, backends.only);
    request.socket.write('HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n');
    request.socket.write(jsonResponse({ ok: true }));
    const response = await client.nextResponse();
    assert.deepEqual([response.status, response.header('link')], [200, undefined]);
  });

  test('frees its connections for the next request on both sides', async (t) => {
    const { backends, connect } = await startWithBackends(t, SPECS);
    const client = await connect();
    for (let n = 0; n < 3; n += 1) {
      client.write(postBytes(`{"model":"${MODEL}"}`));
      assert.equal((await client.nextResponse()).status, 200);
    }
    assert.equal(new Set(backends.only.requests.map(({ socket }) => socket)).size, 1);
  });

  test('answers pipelined requests in their order', async (t) => {
    const { backends, connect } = await startWithBackends(t, SPECS);
    const waiting: ReceivedRequest[] = [];
    backends.only.respond = (request) => whenComplete(request, () => waiting.push(request));
    const client = await connect();
    client.write(Buffer.concat([1, 2].map((n) => postBytes(`{"model":"${MODEL}","n":${n}}`))));
    await waitFor(() => waiting.length === 2, { describe: 'both requests at the backend', intervalMs: 1 });
    const nOf = (request: ReceivedRequest): number =>
      (JSON.parse(request.body().toString()) as { n: number }).n;
    const byNumber = waiting.toSorted((a, b) => nOf(a) - nOf(b));
    for (const request of byNumber.toReversed())
      request.socket.write(`${STREAM_HEAD}${chunk(`n: ${nOf(request)}\n${DONE}`)}0\r\n\r\n`);
    assert.equal((await client.nextResponse()).text(), `n: 1\n${DONE}`);
    assert.equal((await client.nextResponse()).text(), `n: 2\n${DONE}`);
  });
});

describe('backpressure', () => {
  test('a client that does not read slows the backend down, and gets every byte once it does', async (t) => {
    const { backends, connect } = await startWithBackends(t, SPECS);
    const client = await connect();
    const request = await openStream(client, backends.only);
    client.socket.pause();
    const total = 32 * MIB;
    request.socket.write(STREAM_HEAD);
    const state = pump(request.socket, total, chunk, `${chunk(`\n${DONE}`)}0\r\n\r\n`);
    await held(state);
    assert.ok(state.written < 24 * MIB, `the backend could write ${state.written} bytes that were not read`);
    client.socket.resume();
    const response = await client.nextResponse('GET', 30_000);
    assert.equal(response.complete, true);
    assert.equal(
      response.pieces.reduce((bytes, { data }) => bytes + data.length, 0),
      total + DONE.length + 1,
    );
  });

  test('a backend that does not read slows the upload down, and gets every byte once it does', async (t) => {
    const { backends, connect } = await startWithBackends(t, SPECS);
    let arrived: ReceivedRequest | undefined;
    backends.only.respond = (request) => {
      request.socket.pause();
      arrived = request;
      whenComplete(request, () => request.socket.write(jsonResponse({ ok: true })));
    };
    const total = 32 * MIB;
    const start = `{"model":"${MODEL}","input":"`;
    const client = await connect();
    client.write(
      `POST /olla/openai/v1/embeddings HTTP/1.1\r\nHost: x\r\nContent-Length: ${start.length + total + 2}\r\n\r\n${start}`,
    );
    const state = pump(client.socket, total, (piece) => piece, '"}');
    await held(state);
    assert.ok(state.written < 24 * MIB, `the client could send ${state.written} bytes that were not read`);
    const request = await waitFor(() => arrived, { describe: 'the upload at the backend', intervalMs: 1 });
    request.socket.resume();
    assert.equal((await client.nextResponse('POST', 30_000)).status, 200);
    assert.equal(request.body().length, start.length + total + 2);
  });
});
