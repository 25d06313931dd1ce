import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Dispatcher } from 'undici';
import { newProbeDispatcher, probe } from './probe.ts';
import { respondWith, TestServer } from '../testing/test-server.ts';

let server: TestServer;
let dispatcher: Dispatcher;

before(async () => {
  server = await TestServer.start(respondWith({}));
  dispatcher = newProbeDispatcher(30_000);
});
after(async () => {
  await dispatcher.destroy();
  await server.close();
});

const requestOf = (path: string) => ({
  url: server.url + path,
  headers: {},
  timeoutMs: 30_000,
  maxBytes: 1_000,
});

describe('probe', () => {
  test('returns status, headers and text of a response', async () => {
    server.handler = (_, response) => response.writeHead(201, { 'X-Thing': 'a' }).end('hello');
    const result = await probe(dispatcher, requestOf('/'));
    assert.equal(result.kind, 'response');
    assert.ok(result.kind === 'response');
    assert.equal(result.response.status, 201);
    assert.equal(result.response.headers['x-thing'], 'a');
    assert.equal(result.response.body, 'hello');
  });

  test('returns a redirect as the response and does not follow it', async () => {
    server.handler = (_, response) => response.writeHead(302, { location: `${server.url}/other` }).end();
    const before = server.seen.length;
    const result = await probe(dispatcher, requestOf('/'));
    assert.ok(result.kind === 'response' && result.response.status === 302);
    assert.deepEqual(server.seen.slice(before), ['GET /']);
  });

  test('is unreachable with the reason when the connection is refused', async () => {
    const gone = await TestServer.start(respondWith({}));
    await gone.close();
    const result = await probe(dispatcher, { ...requestOf('/'), url: gone.url });
    assert.deepEqual(result, { kind: 'unreachable', reason: 'connection refused' });
  });

  test('reports the code of another failure, and its text with the address only as the detail', async () => {
    const plain = server.url.replace('http://', 'https://');
    const result = await probe(dispatcher, { ...requestOf('/'), url: plain });
    assert.ok(result.kind === 'no-response');
    assert.match(result.reason, /^the request failed \([A-Z_]+\)$/);
    assert.notEqual(result.detail ?? '', '');
  });

  test('is no-response when the server accepts the connection and sends nothing within the timeout', async () => {
    server.handler = () => undefined;
    const result = await probe(dispatcher, { ...requestOf('/'), timeoutMs: 60 });
    assert.deepEqual(result, { kind: 'no-response', reason: 'no response within 60 ms' });
  });

  test('is no-response when the body does not end within the timeout', async () => {
    server.handler = (_, response) => response.write('half');
    const result = await probe(dispatcher, { ...requestOf('/'), timeoutMs: 60 });
    assert.equal(result.kind, 'no-response');
  });

  test('is no-response when the body exceeds maxBytes, unless it may be truncated', async () => {
    server.handler = (_, response) => response.end('x'.repeat(50_000));
    const failed = await probe(dispatcher, requestOf('/'));
    assert.deepEqual(failed, { kind: 'no-response', reason: 'answered with more than 1000 bytes' });
    const truncated = await probe(dispatcher, { ...requestOf('/'), truncate: true });
    assert.ok(truncated.kind === 'response');
    assert.equal(truncated.response.body.length, 1_000);
  });

  test('tries again on a new connection when the server closes a kept one', async () => {
    let dropped = 0;
    server.handler = (request, response) => {
      if (request.url === '/second' && dropped === 0) {
        dropped += 1;
        request.socket.destroy();
      } else response.end('ok');
    };
    await probe(dispatcher, requestOf('/first'));
    const result = await probe(dispatcher, requestOf('/second'));
    assert.equal(result.kind, 'response');
    assert.equal(dropped, 1);
  });

  test('does not use the proxy that HTTP_PROXY names', async () => {
    const saved = process.env['HTTP_PROXY'];
    process.env['HTTP_PROXY'] = 'http://127.0.0.1:9';
    try {
      server.handler = respondWith({ '/': 'direct' });
      const own = newProbeDispatcher(30_000);
      const result = await probe(own, requestOf('/'));
      await own.destroy();
      assert.equal(result.kind, 'response');
    } finally {
      if (saved === undefined) delete process.env['HTTP_PROXY'];
      else process.env['HTTP_PROXY'] = saved;
    }
  });
});
