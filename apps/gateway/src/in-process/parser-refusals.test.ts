import assert from 'node:assert/strict';
import { describe, test, type TestContext } from 'node:test';
import { assertError } from '@olla/testing/assert-response';
import { CHAT, chunkedPost, postBytes, requestBytes } from '@olla/testing/request-bytes';
import { waitFor } from '@olla/testing/wait-for';
import { startWithBackends, type GatewayWithBackends } from '../../testing/gateway-with-backends.ts';

const MODEL = 'm';
const MAX_BODY = 400_000;

const start = (t: TestContext): Promise<GatewayWithBackends<'only'>> =>
  startWithBackends(
    t,
    { only: { models: [MODEL] } },
    {
      config: {
        server: {
          read_header_timeout: '200ms',
          read_timeout: '400ms',
          request_limits: { max_header_size: 8_192, max_body_size: MAX_BODY },
        },
      },
    },
  );

// Concurrently, so that tests that wait for a timeout wait at the same time.
describe('a malformed request that is not relayed', { concurrency: true }, () => {
  for (const [what, bytes] of [
    ['there is no request line', 'HELLO\r\n\r\n'],
    ['the path holds a space', 'GET /x y HTTP/1.1\r\nHost: x\r\n\r\n'],
    ['HTTP/1.1 comes without Host (RFC 9112 §3.2)', 'GET /internal/health HTTP/1.1\r\n\r\n'],
    ['there are two Hosts', 'GET /internal/health HTTP/1.1\r\nHost: a\r\nhost: b\r\n\r\n'],
    [
      'the body has a length and a coding (RFC 9112 §6.1)',
      `POST ${CHAT} HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
    ],
    [
      'the body has two lengths',
      `POST ${CHAT} HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello`,
    ],
    [
      'the body has a coding beside chunked, which would be lost on its way (RFC 9112 §7.4)',
      `POST ${CHAT} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n`,
    ],
    [
      'the last coding of the body is not chunked',
      `POST ${CHAT} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\n\r\nabc`,
    ],
    ['the length is no number', `POST ${CHAT} HTTP/1.1\r\nHost: x\r\nContent-Length: 0x5\r\n\r\nhello`],
    ['a chunk has no size', `POST ${CHAT} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n`],
    ['a header holds a NUL', 'GET /internal/health HTTP/1.1\r\nHost: x\r\nA: b\u0000c\r\n\r\n'],
    ['a header line has no colon', 'GET /internal/health HTTP/1.1\r\nHost: x\r\nnonsense\r\n\r\n'],
  ] as const)
    test(`answers 400 when ${what}`, async (t) => {
      const fixture = await start(t);
      assertError(await fixture.send(bytes), 400, 'BAD_REQUEST');
      assert.equal(fixture.backends.only.requests.length, 0, 'it went nowhere');
    });

  test('accepts the name of the chunked coding in any case', async (t) => {
    const fixture = await start(t);
    const bytes = chunkedPost([`{"model":"${MODEL}"}`]).replace('chunked', 'CHUNKED');
    assert.equal((await fixture.send(bytes)).status, 200);
  });

  test('serves HTTP/1.0 without Host', async (t) => {
    const fixture = await start(t);
    assert.equal((await fixture.send('GET /version HTTP/1.0\r\n\r\n')).status, 200);
  });

  test('answers 400 under the id of the request when its body turns out to be faulty', async (t) => {
    const fixture = await start(t);
    const bytes = `POST ${CHAT} HTTP/1.1\r\nHost: x\r\nX-Request-ID: mine-400\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{"a":\r\nzz\r\n`;
    const response = await fixture.send(bytes);
    assertError(response, 400, 'BAD_REQUEST');
    assert.equal(response.header('x-olla-request-id'), 'mine-400');
  });

  test('answers 431 when the head is larger than max_header_size', async (t) => {
    const fixture = await start(t);
    const bytes = requestBytes('GET', '/internal/health', [`A: ${'a'.repeat(9_000)}`]);
    assertError(await fixture.send(bytes), 431, 'HEADERS_TOO_LARGE');
  });

  test('answers 408 when the head does not arrive within read_header_timeout', async (t) => {
    const fixture = await start(t);
    assertError(await fixture.send('GET /internal/health HTTP/1.1\r\nHost: x\r\n'), 408, 'REQUEST_TIMEOUT');
  });

  test('answers 408 under the id of the request when its body does not arrive within read_timeout', async (t) => {
    const fixture = await start(t);
    const bytes = `POST ${CHAT} HTTP/1.1\r\nHost: x\r\nX-Request-ID: mine-408\r\nContent-Length: 50\r\n\r\n{`;
    const response = await fixture.send(bytes);
    assertError(response, 408, 'REQUEST_TIMEOUT');
    assert.equal(response.header('x-olla-request-id'), 'mine-408');
    const line = await fixture.gateway.log.request('mine-408');
    assert.deepEqual([line['status'], line['error']], [408, 'REQUEST_TIMEOUT']);
  });

  test('answers 408 and aborts the backend when an upload stalls that it was relayed to', async (t) => {
    const fixture = await start(t);
    const upload = `{"model":"${MODEL}","input":"${'x'.repeat(300_000)}`;
    const client = await fixture.connect();
    client.write(
      `POST /olla/openai/v1/embeddings HTTP/1.1\r\nHost: x\r\nX-Case: stalled\r\nContent-Length: ${MAX_BODY}\r\n\r\n${upload}`,
    );
    assertError(await client.nextResponse(), 408, 'REQUEST_TIMEOUT');
    const request = fixture.backends.only.requests.find(({ rawHead }) => rawHead.includes('X-Case: stalled'));
    assert.ok(request !== undefined, 'the upload had begun');
    await waitFor(() => request.gone, { describe: 'the abort at the backend', intervalMs: 1 });
  });

  test('answers 405 to CONNECT, because this gateway opens no tunnels', async (t) => {
    const fixture = await start(t);
    const response = await fixture.send('CONNECT other.test:443 HTTP/1.1\r\nHost: other.test:443\r\n\r\n');
    assertError(response, 405, 'METHOD_NOT_ALLOWED');
    assert.match(response.header('allow') ?? '', /GET.*POST/);
  });

  test('answers 405 to TRACE, because an echo of the backend would hold the credentials of the endpoint', async (t) => {
    const fixture = await start(t);
    const response = await fixture.send(requestBytes('TRACE', CHAT));
    assertError(response, 405, 'METHOD_NOT_ALLOWED');
    assert.match(response.header('allow') ?? '', /GET.*POST/);
  });

  test('answers 400 to a protocol switch that begins as another protocol', async (t) => {
    const fixture = await start(t);
    assertError(await fixture.send('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'), 400, 'BAD_REQUEST');
  });

  test('relays a request with an unknown expectation', async (t) => {
    const fixture = await start(t);
    const response = await fixture.send(postBytes(`{"model":"${MODEL}"}`, ['Expect: miracles']));
    assert.equal(response.status, 200);
    assert.ok(response.header('x-olla-request-id'));
  });

  test('answers a complete request although garbage follows it, and closes the connection', async (t) => {
    const fixture = await start(t);
    const client = await fixture.connect();
    client.write(Buffer.concat([postBytes(`{"model":"${MODEL}"}`), Buffer.from('garbage\r\n\r\n')]));
    const response = await client.nextResponse();
    assert.deepEqual([response.status, response.complete], [200, true]);
    await waitFor(() => client.closed, { describe: 'the connection to be closed', intervalMs: 1 });
  });

  test('reads the absolute form of a URL by its path (RFC 9112 §3.2.2)', async (t) => {
    const fixture = await start(t);
    const response = await fixture.send(
      'GET http://gateway.test/version?x=1 HTTP/1.1\r\nHost: gateway.test\r\n\r\n',
    );
    assert.equal(response.status, 200);
  });
});
