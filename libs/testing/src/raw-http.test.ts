import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { bodyOf, MessageReader } from './http-message.ts';
import { chunk, jsonResponse, startRawBackend, whenComplete, type RawBackend } from './raw-backend.ts';
import { openConnection, sendRaw } from './raw-http.ts';
import { waitFor } from './wait-for.ts';

describe('raw HTTP', () => {
  let backend: RawBackend;
  before(async () => {
    backend = await startRawBackend({ models: ['m'] });
  });
  after(() => backend.close());

  test('records a request byte by byte', async () => {
    const bytes =
      'POST /a%2Fb?q=1&q=%20 HTTP/1.1\r\nhOST: x\r\nX-Twice: 1\r\nx-twice:  2\r\nContent-Length: 3\r\n\r\nabc';
    const response = await sendRaw(backend.port, bytes);
    assert.equal(response.status, 200);
    const request = backend.requests.at(-1);
    assert.equal(request?.startLine, 'POST /a%2Fb?q=1&q=%20 HTTP/1.1');
    assert.equal(request.rawHead, bytes.slice(0, -3));
    assert.deepEqual(request.headers.slice(1, 3), [
      ['X-Twice', '1'],
      ['x-twice', '2'],
    ]);
    assert.equal(request.body().toString(), 'abc');
  });

  test('separates chunks and trailers, and finds their end', async () => {
    backend.respond = ({ socket }) => {
      socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n');
      socket.write(`${chunk('one')}${chunk('two\r\n')}0\r\nX-Time: 5ms\r\n\r\n`);
    };
    const response = await sendRaw(backend.port, 'GET / HTTP/1.1\r\n\r\n');
    assert.deepEqual(
      response.pieces.map(({ data }) => data.toString()),
      ['one', 'two\r\n'],
    );
    assert.deepEqual(response.trailers, [['X-Time', '5ms']]);
    assert.equal(response.complete, true);
  });

  test('marks a truncated response as incomplete', async () => {
    backend.respond = ({ socket }) => {
      socket.end(`HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${chunk('half')}`);
    };
    const chunked = await sendRaw(backend.port, 'GET / HTTP/1.1\r\n\r\n');
    assert.deepEqual([chunked.text(), chunked.complete], ['half', false]);
    backend.respond = ({ socket }) => void socket.end('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf');
    const counted = await sendRaw(backend.port, 'GET / HTTP/1.1\r\n\r\n');
    assert.deepEqual([counted.text(), counted.complete], ['half', false]);
    backend.respond = ({ socket }) => void socket.end('HTTP/1.1 200 OK\r\n\r\nuntil the end');
    assert.equal((await sendRaw(backend.port, 'GET / HTTP/1.1\r\n\r\n')).complete, true);
  });

  test('reads several responses of one connection, the one to HEAD without a body', async () => {
    backend.respond = (request) =>
      whenComplete(request, () =>
        request.socket.write(
          request.method === 'HEAD' ? 'HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n' : jsonResponse({ n: 2 }),
        ),
      );
    const connection = await openConnection(backend.port);
    connection.write('HEAD / HTTP/1.1\r\n\r\n');
    assert.equal((await connection.nextResponse('HEAD')).text(), '');
    connection.write('GET / HTTP/1.1\r\n\r\n');
    const head = await connection.nextHead();
    await waitFor(() => head.complete, { describe: 'the whole response' });
    assert.equal((await connection.nextResponse()).text(), '{"n":2}');
    connection.destroy();
    const request = backend.requests.at(-1);
    await waitFor(() => request?.gone, { describe: 'the backend to see the client leave' });
  });

  test('reads a message however it is split, and returns the bytes after it', () => {
    const bytes = Buffer.from(
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\nNEXT',
    );
    for (let at = 1; at < bytes.length; at += 1) {
      const reader = new MessageReader('response');
      const rest = Buffer.concat([reader.feed(bytes.subarray(0, at)), reader.feed(bytes.subarray(at))]);
      assert.ok(reader.message?.complete, `split at ${at}`);
      assert.equal(bodyOf(reader.message).toString(), 'abc');
      assert.equal(rest.toString(), 'NEXT');
    }
  });
});
