import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import { assertError } from '@olla/testing/assert-response';
import type { Gateway } from '@olla/testing/olla-process';
import {
  chunk,
  jsonResponse,
  startRawBackend,
  whenComplete,
  type RawBackend,
} from '@olla/testing/raw-backend';
import { openConnection, sendRaw, type RawResponse } from '@olla/testing/raw-http';
import { CHAT, postBytes, requestBytes } from '@olla/testing/request-bytes';
import { waitFor } from '@olla/testing/wait-for';
import { endpointConfig, startGatewayFor } from './start-gateway-for.ts';

const MODEL = 'refused';
const MAX_BODY = 400_000;
const MAX_PENDING = 500_000;

describe('requests that are refused before they go anywhere', { concurrency: true }, () => {
  let backend: RawBackend;
  let gateway: Gateway;
  before(async () => {
    backend = await startRawBackend({ models: [MODEL] });
    gateway = await startGatewayFor({
      endpoints: [endpointConfig('only', backend)],
      models: [MODEL],
      workers: 1,
      config: {
        server: {
          read_header_timeout: '1s',
          read_timeout: '2s',
          request_limits: {
            max_header_size: 8_192,
            max_body_size: MAX_BODY,
            max_pending_bytes: MAX_PENDING,
          },
        },
      },
    });
  });
  after(async () => {
    await gateway.stop();
    await backend.close();
  });

  const send = (bytes: string | Buffer): Promise<RawResponse> => sendRaw(gateway.port, bytes);

  for (const [what, bytes] of [
    ['no request line', 'HELLO\r\n\r\n'],
    ['a space in the path', 'GET /x y HTTP/1.1\r\nHost: x\r\n\r\n'],
    ['no Host', 'GET /internal/health HTTP/1.1\r\n\r\n'],
    ['two Hosts', 'GET /internal/health HTTP/1.1\r\nHost: a\r\nhost: b\r\n\r\n'],
    [
      'a length and a coding',
      `POST ${CHAT} HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
    ],
    [
      'two lengths',
      `POST ${CHAT} HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello`,
    ],
    ['a length that is no number', `POST ${CHAT} HTTP/1.1\r\nHost: x\r\nContent-Length: 0x5\r\n\r\nhello`],
    ['a chunk without size', `POST ${CHAT} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n`],
    ['a header with a NUL', 'GET /internal/health HTTP/1.1\r\nHost: x\r\nA: b\u0000c\r\n\r\n'],
  ] as const)
    test(`400: ${what}`, async () => void assertError(await send(bytes), 400, 'BAD_REQUEST'));

  test('a fault in the body is answered under the id of the request', async () => {
    const bytes = `POST ${CHAT} HTTP/1.1\r\nHost: x\r\nX-Request-ID: mine-400\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{"a":\r\nzz\r\n`;
    const response = await send(bytes);
    assertError(response, 400, 'BAD_REQUEST');
    assert.equal(response.header('x-olla-request-id'), 'mine-400');
  });

  test('431: a head larger than max_header_size', async () => {
    const bytes = requestBytes('GET', '/internal/health', [`A: ${'a'.repeat(9_000)}`]);
    assertError(await send(bytes), 431, 'HEADERS_TOO_LARGE');
  });

  test('408: a head that does not come', async () =>
    void assertError(await send('GET /internal/health HTTP/1.1\r\nHost: x\r\n'), 408, 'REQUEST_TIMEOUT'));

  test('408: a body that does not come, under the id of the request', async () => {
    const bytes = `POST ${CHAT} HTTP/1.1\r\nHost: x\r\nX-Request-ID: mine-408\r\nContent-Length: 50\r\n\r\n{`;
    const response = await send(bytes);
    assertError(response, 408, 'REQUEST_TIMEOUT');
    assert.equal(response.header('x-olla-request-id'), 'mine-408');
    const logged = await waitFor(
      () => gateway.process.stdout.split('\n').find((line) => line.includes('"id":"mine-408"')),
      { describe: 'the log line of the request' },
    );
    assert.match(logged, /"status":408.*"error":"REQUEST_TIMEOUT"/);
  });

  test('408: an upload that stalls after it went on to a backend; the backend is left', async () => {
    const start = `{"model":"${MODEL}","input":"${'x'.repeat(300_000)}`;
    const connection = await openConnection(gateway.port);
    connection.write(
      `POST /olla/openai/v1/embeddings HTTP/1.1\r\nHost: x\r\nX-Case: stalled\r\nContent-Length: ${MAX_BODY}\r\n\r\n${start}`,
    );
    assertError(await connection.nextResponse(), 408, 'REQUEST_TIMEOUT');
    const request = backend.requests.find(({ rawHead }) => rawHead.includes('X-Case: stalled'));
    assert.ok(request !== undefined, 'the upload had begun');
    await waitFor(() => request.gone, { describe: 'the backend to be left' });
    connection.destroy();
  });

  test('CONNECT is answered', async () => {
    const response = await send('CONNECT other.test:443 HTTP/1.1\r\nHost: other.test:443\r\n\r\n');
    assertError(response, 405, 'METHOD_NOT_ALLOWED');
    assert.match(response.header('allow') ?? '', /GET.*POST/);
  });

  test('TRACE is not relayed: its answer would hold the credentials of the endpoint', async () => {
    const response = await send(requestBytes('TRACE', CHAT));
    assertError(response, 405, 'METHOD_NOT_ALLOWED');
    assert.match(response.header('allow') ?? '', /GET.*POST/);
  });

  test('an expectation that means nothing to us is no reason to refuse', async () => {
    const response = await send(postBytes(`{"model":"${MODEL}"}`, ['Expect: miracles']));
    assert.equal(response.status, 200);
    assert.ok(response.header('x-olla-request-id'));
  });

  test('what is wrong behind a whole request is not held against it', async () => {
    const connection = await openConnection(gateway.port);
    connection.write(postBytes(`{"model":"${MODEL}"}`) + 'garbage\r\n\r\n');
    const response = await connection.nextResponse();
    assert.deepEqual([response.status, response.complete], [200, true]);
    await waitFor(() => connection.closed, { describe: 'the connection to be closed' });
  });

  test('413 by declared length leaves the connection clean', async () => {
    const connection = await openConnection(gateway.port);
    connection.write(postBytes('x'.repeat(MAX_BODY + 1)));
    assertError(await connection.nextResponse(), 413, 'BODY_TOO_LARGE');
    connection.write(postBytes(`{"model":"${MODEL}"}`));
    assert.equal((await connection.nextResponse()).status, 200);
    connection.destroy();
  });

  test('413 by counting chunks leaves the connection clean, whether or not the model is known', async () => {
    const connection = await openConnection(gateway.port);
    const head = `POST ${CHAT} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n`;
    for (const start of [`{"model":"${MODEL}","input":"`, '{"input":"']) {
      connection.write(head + chunk(start));
      for (let sent = 0; sent <= MAX_BODY; sent += 50_000) connection.write(chunk('x'.repeat(50_000)));
      connection.write(chunk('"}') + '0\r\n\r\n');
      assertError(await connection.nextResponse(), 413, 'BODY_TOO_LARGE');
    }
    connection.write(postBytes(`{"model":"${MODEL}"}`));
    assert.equal((await connection.nextResponse()).status, 200);
    connection.destroy();
  });

  test('a body that is too large is not invited (Expect: 100-continue)', async () => {
    const bytes = `POST ${CHAT} HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: ${MAX_BODY + 1}\r\n\r\n`;
    const response = await send(bytes);
    assertError(response, 413, 'BODY_TOO_LARGE');
    assert.equal(response.header('connection'), 'close');
  });

  for (const wish of ['keep-alive', 'close']) {
    test(`a body that is not too large is invited; the connection then is as wished (${wish})`, async () => {
      const connection = await openConnection(gateway.port);
      const body = `{"model":"${MODEL}"}`;
      connection.write(
        `POST ${CHAT} HTTP/1.1\r\nHost: x\r\nConnection: ${wish}\r\nExpect: 100-continue\r\nContent-Length: ${body.length}\r\n\r\n`,
      );
      assert.equal((await connection.nextResponse()).status, 100);
      connection.write(body);
      const response = await connection.nextResponse();
      assert.equal(response.status, 200);
      assert.equal(response.header('connection'), wish);
      connection.destroy();
    });
  }
});

describe('the budget of bodies whose model is not known yet', () => {
  let backend: RawBackend;
  let gateway: Gateway;
  before(async () => {
    backend = await startRawBackend({ models: [MODEL] });
    gateway = await startGatewayFor({
      endpoints: [endpointConfig('only', backend)],
      models: [MODEL],
      workers: 1,
      config: { server: { request_limits: { max_pending_bytes: MAX_PENDING } } },
    });
  });
  after(async () => {
    await gateway.stop();
    await backend.close();
  });
  beforeEach(() => {
    backend.respond = (request) =>
      whenComplete(request, () => request.socket.write(jsonResponse({ ok: true })));
  });

  test('503 with Retry-After over it, and room again when the others are over', async () => {
    const unknown = `{"input":"${'x'.repeat(300_000)}`;
    const length = unknown.length + 100;
    const open = (): string =>
      `POST ${CHAT} HTTP/1.1\r\nHost: x\r\nContent-Length: ${length}\r\n\r\n${unknown}`;
    const first = await openConnection(gateway.port);
    first.write(open());
    const refused = await waitFor(
      async () => {
        const second = await openConnection(gateway.port);
        second.write(open());
        const timeoutMs = 300;
        const response = await second.nextResponse('POST', timeoutMs).catch(() => null);
        second.destroy();
        return response;
      },
      { describe: 'a request over the budget to be refused' },
    );
    assertError(refused, 503, 'OVERLOADED');
    assert.match(refused.header('retry-after') ?? '', /^[1-9]\d*$/);
    first.destroy();
    await waitFor(
      async () => {
        const body = `{"input":"${'x'.repeat(300_000)}","model":"${MODEL}"}`;
        return (await sendRaw(gateway.port, postBytes(body))).status === 200;
      },
      { describe: 'room for a body again' },
    );
  });
});
