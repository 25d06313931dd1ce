import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import { header } from '@olla/testing/http-message';
import type { Gateway } from '@olla/testing/olla-process';
import {
  chunk,
  jsonResponse,
  startRawBackend,
  whenComplete,
  type RawBackend,
  type ReceivedRequest,
} from '@olla/testing/raw-backend';
import { openConnection, sendRaw } from '@olla/testing/raw-http';
import { endpointConfig, startGatewayFor } from './start-gateway-for.ts';

const MODEL = 'exact-model';
const path = '/olla/openai/v1/chat/completions';

/** Bytes of a request with a length. */
function post(body: string | Buffer, headers: readonly string[] = [], target = path): Buffer {
  const lines = [
    `POST ${target} HTTP/1.1`,
    'Host: gateway.example',
    'Content-Type: application/json',
    ...headers,
  ];
  const head = [...lines, `Content-Length: ${Buffer.byteLength(body)}`, '', ''].join('\r\n');
  return Buffer.concat([Buffer.from(head), Buffer.from(body)]);
}

describe('bytes pass unchanged', () => {
  let backend: RawBackend;
  let gateway: Gateway;
  before(async () => {
    backend = await startRawBackend({ models: [MODEL] });
    gateway = await startGatewayFor({ endpoints: [endpointConfig('exact', backend)], models: [MODEL] });
  });
  after(async () => {
    await gateway.stop();
    await backend.close();
  });
  beforeEach(() => {
    backend.requests.length = 0;
    backend.respond = (request) =>
      whenComplete(request, () => request.socket.write(jsonResponse({ ok: true })));
  });

  const onlyRequest = (): ReceivedRequest => {
    assert.equal(backend.requests.length, 1, 'the backend got one request');
    return backend.requests[0] as ReceivedRequest;
  };

  test('a body with unknown fields, odd spacing, escapes and duplicate keys', async () => {
    const body = `{ "x-unknown" : [1e400, 0.10, "\\u00e9\\/"],\r\n\t"model":"${MODEL}" , "nested":{"model":"other"}, "messages":[{"role":"user","content":"ü😀"}],"n":9007199254740993 }`;
    assert.equal((await sendRaw(gateway.port, post(body))).status, 200);
    const request = onlyRequest();
    assert.equal(request.body().toString(), body);
    assert.equal(header(request, 'content-length'), String(Buffer.byteLength(body)));
    assert.equal(header(request, 'transfer-encoding'), undefined);
    assert.equal(request.startLine, 'POST /v1/chat/completions HTTP/1.1');
  });

  test('a body of 3 MiB with the model at its very end', async () => {
    const body = `{"messages":[{"role":"user","content":"${'x'.repeat(3 * 1024 * 1024)}"}],"model":"${MODEL}"}`;
    assert.equal((await sendRaw(gateway.port, post(body))).status, 200);
    assert.ok(onlyRequest().body().equals(Buffer.from(body)));
    assert.equal(header(onlyRequest(), 'content-length'), String(body.length));
  });

  test('a chunked upload', async () => {
    const parts = [`{"model":"${MODEL}","mess`, 'ages":[],"stream"', ':false}'];
    const head = `POST ${path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n`;
    const response = await sendRaw(gateway.port, `${head}${parts.map(chunk).join('')}0\r\n\r\n`);
    assert.equal(response.status, 200);
    assert.equal(onlyRequest().body().toString(), parts.join(''));
  });

  test('query strings and escapes in paths', async () => {
    const target = '/v1/files/a%2Fb%20c;v=1/%C3%A9?model=%20&q=1&q=2&empty=&plus=+%2B';
    const request = `GET /olla/proxy${target} HTTP/1.1\r\nHost: x\r\n\r\n`;
    assert.equal((await sendRaw(gateway.port, request)).status, 200);
    assert.equal(onlyRequest().target, target);
  });

  test('an encoded body, and multipart with the model in a form field', async () => {
    const compressed = Buffer.from([0x1f, 0x8b, 0x08, 0x00, 0xff, 0x00, 0x0d, 0x0a, 0x0d, 0x0a]);
    await sendRaw(gateway.port, post(compressed, ['Content-Encoding: gzip']));
    assert.ok(onlyRequest().body().equals(compressed));
    assert.equal(header(onlyRequest(), 'content-encoding'), 'gzip');

    backend.requests.length = 0;
    const form = [
      '--XX\r\nContent-Disposition: form-data; name="file"; filename="a.wav"\r\n\r\n\u0000\u0001RIFF\r\n',
      `--XX\r\nContent-Disposition: form-data; name="model"\r\n\r\n${MODEL}\r\n--XX--\r\n`,
    ].join('');
    const head = `POST /olla/openai/v1/audio/transcriptions HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; boundary=XX\r\nContent-Length: ${form.length}\r\n\r\n`;
    const response = await sendRaw(gateway.port, head + form);
    assert.equal(response.status, 200);
    assert.equal(onlyRequest().body().toString('latin1'), form);
    assert.equal(response.header('x-olla-model'), MODEL);
  });

  test('HEAD keeps the length of the answer that it is not given', async () => {
    backend.respond = ({ socket }) =>
      void socket.write('HTTP/1.1 200 OK\r\nContent-Length: 1234\r\nX-Kept: yes\r\n\r\n');
    const connection = await openConnection(gateway.port);
    connection.write('HEAD /olla/proxy/v1/files HTTP/1.1\r\nHost: x\r\n\r\n');
    const response = await connection.nextResponse('HEAD');
    assert.equal(onlyRequest().method, 'HEAD');
    assert.deepEqual(
      [response.status, response.header('content-length'), response.header('x-kept')],
      [200, '1234', 'yes'],
    );
    // The connection is still in step.
    connection.write('HEAD /olla/proxy/v1/files HTTP/1.1\r\nHost: x\r\n\r\n');
    assert.equal((await connection.nextResponse('HEAD')).status, 200);
    connection.destroy();
  });

  test('status, headers and bytes of an answer, errors of the backend included', async () => {
    const text = '{"error":{"message":"kept \\u00fc",  "odd": 1e400}}\n';
    backend.respond = (request) =>
      whenComplete(request, () =>
        request.socket.write(
          jsonResponse(text, '418 I am a teapot', ['X-Backend: 1', 'X-Multi: a=1', 'x-multi: b=2']),
        ),
      );
    const response = await sendRaw(gateway.port, post(`{"model":"${MODEL}"}`));
    assert.equal(response.status, 418);
    assert.equal(response.text(), text);
    assert.deepEqual(
      response.headers.filter(([name]) => name.toLowerCase() === 'x-multi').map(([, value]) => value),
      ['a=1', 'b=2'],
    );
    assert.equal(response.header('x-backend'), '1');
    assert.equal(response.header('x-olla-endpoint'), 'exact');
    assert.equal(response.header('x-olla-backend-type'), 'openai');
    assert.equal(response.header('x-olla-model'), MODEL);
    assert.ok(response.header('x-olla-request-id'));
  });

  test("the backend's chunks come one by one, and the time of the whole in a trailer", async () => {
    const events = ['data: {"n":1}\n\n', 'data: {"n":2}\n\ndata: {"n":3}\n\n', 'data: [DONE]\n\n'];
    backend.respond = (request) =>
      whenComplete(request, () => {
        request.socket.write(
          'HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n',
        );
        request.socket.write(`${events.map(chunk).join('')}0\r\n\r\n`);
      });
    const response = await sendRaw(
      gateway.port,
      post(`{"model":"${MODEL}","stream":true}`, ['TE: trailers']),
    );
    assert.equal(response.text(), events.join(''));
    assert.equal(response.complete, true);
    assert.match(response.header('trailer') ?? '', /x-olla-response-time/i);
    const trailer = response.trailers.find(([name]) => name.toLowerCase() === 'x-olla-response-time');
    assert.match(trailer?.[1] ?? '', /^\d+(\.\d+)?ms$/);
  });

  test("headers: end-to-end ones pass, the connection's own and the client's claims about itself do not", async () => {
    const headers = [
      'X-Custom: kept',
      'Accept-Encoding: br',
      'Authorization: Bearer client',
      'Cookie: secret=1',
      'Connection: keep-alive, X-Hop',
      'X-Hop: dropped',
      'Proxy-Connection: keep-alive',
      'X-Request-ID: my-id-1',
    ];
    const response = await sendRaw(gateway.port, post(`{"model":"${MODEL}"}`, headers));
    const request = onlyRequest();
    assert.equal(header(request, 'x-custom'), 'kept');
    assert.equal(header(request, 'accept-encoding'), 'br');
    assert.equal(header(request, 'authorization'), 'Bearer client');
    for (const name of ['cookie', 'x-hop', 'proxy-connection', 'origin'])
      assert.equal(header(request, name), undefined, name);
    assert.equal(header(request, 'host'), new URL(backend.url).host);
    assert.equal(header(request, 'x-request-id'), 'my-id-1');
    assert.equal(response.header('x-olla-request-id'), 'my-id-1');
  });
});
