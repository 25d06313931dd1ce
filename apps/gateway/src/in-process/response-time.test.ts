import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { chunk, jsonResponse, whenComplete, type Respond } from '@olla/testing/raw-backend';
import type { RawResponse } from '@olla/testing/raw-http';
import { CHAT, postBytes } from '@olla/testing/request-bytes';
import { startWithBackends } from '../../testing/gateway-with-backends.ts';

const MODEL = 'timed';
const SPECS = { only: { models: [MODEL] } };
const BODY = `{"model":"${MODEL}"}`;
const whole: Respond = (request) =>
  whenComplete(request, () => request.socket.write(jsonResponse({ ok: true })));
const streamed =
  (type: string, headers = ''): Respond =>
  (request) =>
    whenComplete(request, () =>
      request.socket.write(
        `HTTP/1.1 200 OK\r\nContent-Type: ${type}\r\n${headers}Transfer-Encoding: chunked\r\n\r\n${chunk('data: [DONE]\n\n')}0\r\n\r\n`,
      ),
    );
const isTimeOf = (response: RawResponse): boolean =>
  /^\d+ms$/.test(response.header('x-olla-response-time') ?? '');

describe('a client that is known to fail on trailers', () => {
  for (const agent of ['Dart/3.9 (dart:io)', 'fasthttp', 'cpp-httplib/0.11.0', 'http-kit/2.0'])
    test(`${agent} gets none, and two responses on one connection`, async (t) => {
      const { backends, connect } = await startWithBackends(t, SPECS);
      const client = await connect();
      const bytes = postBytes(BODY, [`User-Agent: ${agent}`]);
      for (const respond of [whole, streamed('text/event-stream'), whole]) {
        backends.only.respond = respond;
        client.write(bytes);
        const response = await client.nextResponse();
        assert.deepEqual([response.status, response.complete], [200, true]);
        assert.equal(response.header('trailer'), undefined);
        assert.deepEqual(response.trailers, []);
        const isStream = respond !== whole;
        assert.equal(response.header('content-length'), isStream ? undefined : '11');
        assert.equal(response.header('transfer-encoding'), isStream ? 'chunked' : undefined);
        assert.equal(isTimeOf(response), !isStream, 'the time is a header where the length is known');
      }
    });

  test('gets one anyway if it sends TE: trailers, in any case', async (t) => {
    const { send } = await startWithBackends(t, { only: { models: [MODEL], respond: whole } });
    const response = await send(
      postBytes(BODY, ['User-Agent: Dart/3.9 (dart:io)', 'TE: Trailers', 'Connection: TE']),
    );
    assert.equal(response.trailers[0]?.[0], 'X-Olla-Response-Time');
  });

  test('sees that a stream broke off', async (t) => {
    const { backends, send } = await startWithBackends(t, SPECS);
    backends.only.respond = (request) =>
      whenComplete(request, () => {
        request.socket.end(
          `HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n${chunk('data: 1\n\n')}`,
        );
      });
    const response = await send(postBytes(BODY, ['User-Agent: Dart/3.9 (dart:io)']));
    assert.equal(response.complete, false);
    assert.match(response.text(), /event: error/);
  });
});

test('server.response_time_trailer: off sends a trailer to no client', async (t) => {
  const { send } = await startWithBackends(
    t,
    { only: { models: [MODEL], respond: whole } },
    { config: { server: { response_time_trailer: 'off' } } },
  );
  const response = await send(postBytes(BODY, ['TE: trailers', 'Connection: TE']));
  assert.deepEqual(response.trailers, []);
  assert.deepEqual([response.header('content-length'), isTimeOf(response)], ['11', true]);
});

describe('X-Accel-Buffering', () => {
  for (const type of ['text/event-stream', 'application/x-ndjson'])
    test(`is no if the response is ${type}`, async (t) => {
      const { chat } = await startWithBackends(t, { only: { models: [MODEL], respond: streamed(type) } });
      assert.equal((await chat(MODEL)).header('x-accel-buffering'), 'no');
    });

  test("is the backend's own if it sets one, and absent if the response is no stream", async (t) => {
    const { backends, chat } = await startWithBackends(t, SPECS);
    backends.only.respond = streamed('text/event-stream', 'x-accel-buffering: yes\r\n');
    const values = (await chat(MODEL)).headers.filter(([name]) => name.toLowerCase() === 'x-accel-buffering');
    assert.deepEqual(
      values.map(([, value]) => value),
      ['yes'],
    );
    backends.only.respond = whole;
    assert.equal((await chat(MODEL)).header('x-accel-buffering'), undefined);
  });
});

/** The headers of Codex and browsers (RFC 6455 §1.3). */
const attempt = (path: string, id: string): string =>
  `GET ${path} HTTP/1.1\r\nHost: x\r\nX-Request-ID: ${id}\r\nConnection: keep-alive, Upgrade\r\nUpgrade: WebSocket\r\n` +
  'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n';

describe('a request for a WebSocket', () => {
  test('is answered with 426 on each relayed path, reaches no backend, and leaves the connection usable', async (t) => {
    const { gateway, backends, connect, status } = await startWithBackends(t, {
      only: { models: [MODEL], type: 'ollama', respond: whole },
    });
    const client = await connect();
    const paths = [
      '/olla/openai/v1/responses',
      '/olla/openai/v1/realtime',
      '/olla/openai/v1/models',
      '/olla/ollama/',
      '/olla/ollama/api/chat',
      '/olla/proxy/anything',
    ];
    for (const [n, path] of paths.entries()) {
      client.write(attempt(path, `ws-${n}`));
      const response = await client.nextResponse();
      assert.equal(response.status, 426, path);
      assert.deepEqual([response.header('upgrade'), response.header('connection')], ['HTTP/1.1', 'Upgrade']);
      assert.match(response.text(), /WebSockets are not relayed/);
      const line = await gateway.log.request(`ws-${n}`);
      assert.deepEqual([line['status'], line['error']], [426, 'UPGRADE_REQUIRED']);
    }
    assert.equal(backends.only.requests.length, 0);
    client.write(postBytes(BODY, [], CHAT));
    assert.equal((await client.nextResponse()).status, 200);
    assert.equal((await status()).system.total_requests, 1, 'the attempts are not counted');
  });

  test('of another protocol, or of HTTP/1.0, is answered as if it were none', async (t) => {
    const { send } = await startWithBackends(t, { only: { models: [MODEL], respond: whole } });
    const path = '/olla/openai/v1/files';
    const h2c = `GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n`;
    assert.equal((await send(h2c)).status, 200);
    assert.equal((await send(attempt(path, 'old').replace('HTTP/1.1', 'HTTP/1.0'))).status, 200);
  });
});
