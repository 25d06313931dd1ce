import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Dispatcher } from 'undici';
import { newProbeDispatcher, probe } from './probe.ts';
import { answering, TestServer } from './test-server.ts';

let server: TestServer;
let dispatcher: Dispatcher;

before(async () => {
  server = await TestServer.start(answering({}));
  dispatcher = newProbeDispatcher(1_000);
});
after(async () => {
  await dispatcher.destroy();
  await server.close();
});

const ask = (path: string) => ({ url: server.url + path, headers: {}, timeoutMs: 1_000, maxBytes: 1_000 });

test('an answer is told with status, headers and text', async () => {
  server.handler = (_, response) => response.writeHead(201, { 'X-Thing': 'a' }).end('hello');
  const result = await probe(dispatcher, ask('/'));
  assert.equal(result.kind, 'answer');
  assert.ok(result.kind === 'answer');
  assert.equal(result.answer.status, 201);
  assert.equal(result.answer.headers['x-thing'], 'a');
  assert.equal(result.answer.body, 'hello');
});

test('a redirect is an answer and is not followed', async () => {
  server.handler = (_, response) => response.writeHead(302, { location: `${server.url}/other` }).end();
  const before = server.seen.length;
  const result = await probe(dispatcher, ask('/'));
  assert.ok(result.kind === 'answer' && result.answer.status === 302);
  assert.deepEqual(server.seen.slice(before), ['GET /']);
});

test('nobody there is unreachable, and says refused', async () => {
  const gone = await TestServer.start(answering({}));
  await gone.close();
  const result = await probe(dispatcher, { ...ask('/'), url: gone.url });
  assert.deepEqual(result, { kind: 'unreachable', reason: 'connection refused' });
});

test('a server that accepts and never answers is silent after the time', async () => {
  server.handler = () => undefined;
  const result = await probe(dispatcher, { ...ask('/'), timeoutMs: 60 });
  assert.deepEqual(result, { kind: 'silent', reason: 'no answer within 60 ms' });
});

test('a server that stops in the middle of its body is silent after the time', async () => {
  server.handler = (_, response) => response.write('half');
  const result = await probe(dispatcher, { ...ask('/'), timeoutMs: 60 });
  assert.equal(result.kind, 'silent');
});

test('a long answer is a fault, or cut where that will do', async () => {
  server.handler = (_, response) => response.end('x'.repeat(50_000));
  const fault = await probe(dispatcher, ask('/'));
  assert.deepEqual(fault, { kind: 'silent', reason: 'answered with more than 1000 bytes' });
  const cut = await probe(dispatcher, { ...ask('/'), cut: true });
  assert.ok(cut.kind === 'answer');
  assert.equal(cut.answer.body.length, 1_000);
});

test('a kept connection that the server drops just then is no failure of the server', async () => {
  let dropped = 0;
  server.handler = (request, response) => {
    if (request.url === '/second' && dropped === 0) {
      dropped += 1;
      request.socket.destroy();
    } else response.end('ok');
  };
  await probe(dispatcher, ask('/first'));
  const result = await probe(dispatcher, ask('/second'));
  assert.equal(result.kind, 'answer');
  assert.equal(dropped, 1);
});

test('a proxy of the environment is not used', async () => {
  const saved = process.env['HTTP_PROXY'];
  process.env['HTTP_PROXY'] = 'http://127.0.0.1:9';
  try {
    server.handler = answering({ '/': 'direct' });
    const own = newProbeDispatcher(1_000);
    const result = await probe(own, ask('/'));
    await own.destroy();
    assert.equal(result.kind, 'answer');
  } finally {
    if (saved === undefined) delete process.env['HTTP_PROXY'];
    else process.env['HTTP_PROXY'] = saved;
  }
});
