import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  brotliCompressSync,
  createGzip,
  deflateRawSync,
  deflateSync,
  gzipSync,
  zstdCompressSync,
} from 'node:zlib';
import { assertError } from '@olla/testing/assert-response';
import { header } from '@olla/testing/http-message';
import { CHAT, postBytes } from '@olla/testing/request-bytes';
import { startWithBackends } from '../../testing/gateway-with-backends.ts';

const TEXT = '{"model":"m-b","messages":[{"role":"user","content":"x"}]}';
const TWO = { a: { models: ['m-a'] }, b: { models: ['m-b'] } };
const coded = (coding: string): string[] => [`Content-Encoding: ${coding}`];
const gzip2 = (text: string): Buffer => gzipSync(gzipSync(text));

/** A chunked body of these pieces. */
function chunked(pieces: readonly Buffer[], headers: readonly string[], path = CHAT): Buffer {
  const lines = [`POST ${path} HTTP/1.1`, 'Host: x', 'Content-Type: application/json', ...headers];
  const head = Buffer.from([...lines, 'Transfer-Encoding: chunked', '', ''].join('\r\n'));
  const framed = pieces.flatMap((piece) => [
    Buffer.from(`${piece.length.toString(16)}\r\n`),
    piece,
    Buffer.from('\r\n'),
  ]);
  return Buffer.concat([head, ...framed, Buffer.from('0\r\n\r\n')]);
}

/** This many zeros in gzip, behind a beginning. */
async function bomb(start: string, mebibytes: number): Promise<Buffer> {
  const zip = createGzip();
  const parts: Buffer[] = [];
  zip.on('data', (part: Buffer) => parts.push(part));
  const ended = new Promise((resolve) => zip.on('end', resolve));
  zip.write(start);
  const zeros = Buffer.alloc(1 << 20, 0x30);
  for (let n = 0; n < mebibytes; n += 1)
    if (!zip.write(zeros)) await new Promise((resolve) => zip.once('drain', resolve));
  zip.end();
  await ended;
  return Buffer.concat(parts);
}

describe('a compressed body', () => {
  for (const [coding, compress] of [
    ['gzip', gzipSync],
    ['x-gzip', gzipSync],
    ['GZip', gzipSync],
    ['deflate', deflateSync],
    ['deflate', deflateRawSync],
    ['br', brotliCompressSync],
    ['zstd', zstdCompressSync],
    ['identity', (text: string) => Buffer.from(text)],
    ['identity, gzip,', gzipSync],
    ['gzip, gzip', gzip2],
    ['gzip, br', (text: string) => brotliCompressSync(gzipSync(text))],
    ['deflate, zstd', (text: string) => zstdCompressSync(deflateSync(text))],
    ['gzip', (text: string) => Buffer.concat([gzipSync(text.slice(0, 9)), gzipSync(text.slice(9))])],
  ] as const)
    for (const framing of ['counted', 'chunked'] as const)
      test(`as ${coding} (${compress.name}), ${framing}, is routed by its model and is sent as plain JSON`, async (t) => {
        const { backends, send } = await startWithBackends(t, TWO);
        const body = compress(TEXT);
        const headers = [...coded(coding), 'Content-Digest: sha-256=:x:'];
        for (const path of [CHAT, '/olla/openai/v1/responses', '/olla/proxy/v1/files']) {
          const bytes =
            framing === 'counted'
              ? postBytes(body, headers, path)
              : chunked([body.subarray(0, 7), body.subarray(7)], headers, path);
          const response = await send(bytes);
          assert.deepEqual([response.status, response.header('x-olla-endpoint')], [200, 'b'], path);
        }
        for (const request of backends.b.requests) {
          assert.equal(request.body().toString(), TEXT);
          if (coding !== 'identity') assert.equal(header(request, 'content-digest'), undefined);
          if (coding !== 'identity') assert.equal(header(request, 'content-encoding'), undefined);
          assert.equal(
            header(request, 'transfer-encoding') ?? header(request, 'content-length'),
            String(TEXT.length),
          );
        }
      });

  test('is waited for with 100 Continue, and its alias is replaced', async (t) => {
    const { backends, connect } = await startWithBackends(t, TWO, {
      config: { model_aliases: { short: ['m-b'] } },
    });
    const client = await connect();
    const body = gzipSync('{"model":"short","n":1}');
    client.write(
      `POST ${CHAT} HTTP/1.1\r\nHost: x\r\nContent-Encoding: gzip\r\nExpect: 100-continue\r\nContent-Length: ${body.length}\r\n\r\n`,
    );
    assert.equal((await client.nextResponse()).status, 100);
    client.write(body);
    assert.equal((await client.nextResponse()).status, 200);
    assert.equal(backends.b.requests[0]?.body().toString(), '{"model":"m-b","n":1}');
  });

  test('that is large arrives completely, and goes to the next endpoint when the first fails', async (t) => {
    const { backends, send } = await startWithBackends(
      t,
      { a: { models: ['m'], config: { priority: 100 } }, b: { models: ['m'], config: { priority: 50 } } },
      { config: { proxy: { load_balancer: 'priority' } } },
    );
    backends.a.respond = ({ socket }) => socket.resetAndDestroy();
    const text = `{"input":${JSON.stringify(Array.from({ length: 200_000 }, (_, n) => n))},"model":"m"}`;
    const response = await send(postBytes(gzipSync(text), coded('gzip')));
    assert.deepEqual([response.status, response.header('x-olla-endpoint')], [200, 'b']);
    assert.equal(backends.b.requests[0]?.body().toString(), text);
  });

  test('does not reach an endpoint that does not offer its model', async (t) => {
    const { backends, send } = await startWithBackends(t, {
      only: { models: ['m-b'], config: { model_filter: { exclude: ['secret'] } } },
    });
    assertError(await send(postBytes(gzipSync('{"model":"secret"}'), coded('gzip'))), 404, 'MODEL_NOT_FOUND');
    const two = gzipSync(`{"model":"m-b","x":"${'x'.repeat(300_000)}","model":"secret"}`);
    assertError(await send(postBytes(two, coded('gzip'))), 400, 'INVALID_MODEL');
    assert.equal(backends.only.requests.length, 0);
  });

  test('is 400 if it does not match its coding, is cut off or has data behind its end', async (t) => {
    const { gateway, backends, connect } = await startWithBackends(t, TWO);
    const client = await connect();
    const long = JSON.stringify({ model: 'm-b', input: Array.from({ length: 50_000 }, (_, n) => n) });
    const cases: [string, Buffer][] = [];
    for (const [coding, compress] of [
      ['gzip', gzipSync],
      ['deflate', deflateSync],
      ['deflate', deflateRawSync],
      ['br', brotliCompressSync],
      ['zstd', zstdCompressSync],
    ] as const) {
      const body = compress(long);
      cases.push(
        [coding, Buffer.from(TEXT)],
        [coding, body.subarray(0, -1)],
        [coding, body.subarray(0, body.length >> 1)],
        [coding, Buffer.concat([body, Buffer.from('more')])],
        [`${coding}, ${coding}`, body],
      );
    }
    for (const [coding, body] of cases) {
      client.write(postBytes(body, coded(coding)));
      assertError(await client.nextResponse(), 400, 'INVALID_ENCODING');
    }
    assert.equal(backends.a.requests.length + backends.b.requests.length, 0);
    assert.equal(gateway.log.lines.filter(({ level }) => level === 'error').length, 0);
  });

  test('is 415 with Accept-Encoding if its coding is unknown, or there are too many', async (t) => {
    const { backends, send } = await startWithBackends(t, TWO);
    for (const coding of ['compress', 'gzip, foo', 'gzip, gzip, gzip', 'br,br,br,br'])
      for (const wish of [[], ['Expect: 100-continue']]) {
        const response = await send(postBytes(TEXT, [...coded(coding), ...wish]));
        assertError(response, 415, 'UNSUPPORTED_ENCODING');
        assert.equal(response.header('accept-encoding'), 'gzip, deflate, br, zstd');
      }
    assert.equal(backends.a.requests.length + backends.b.requests.length, 0);
  });

  test('that holds no JSON is 400 like any other', async (t) => {
    const { send } = await startWithBackends(t, TWO);
    assertError(await send(postBytes(gzipSync('[1]'), coded('gzip'))), 400, 'INVALID_JSON');
    assertError(await send(postBytes(gzipSync(''), coded('gzip'))), 400, 'INVALID_JSON');
    assertError(await send(postBytes(gzipSync('{"model":1}'), coded('gzip'))), 400, 'INVALID_MODEL');
  });

  for (const [what, start] of [
    ['zeros', ''],
    ['a chat', '{"model":"m-b","input":"'],
  ] as const)
    test(`is 413 by its size after decoding, reaches no backend and is not held: ${what}`, async (t) => {
      const { backends, send, connect } = await startWithBackends(t, TWO, {
        config: { server: { request_limits: { max_body_size: '8MB', max_pending_bytes: '24MB' } } },
      });
      const body = await bomb(start, 60);
      const before = process.memoryUsage().arrayBuffers;
      for (let n = 0; n < 4; n += 1)
        assertError(await send(postBytes(body, coded('gzip'))), 413, 'BODY_TOO_LARGE');
      assertError(await send(postBytes(gzipSync(body), coded('gzip, gzip'))), 413, 'BODY_TOO_LARGE');
      assert.ok(process.memoryUsage().arrayBuffers - before < 60 << 20);
      const client = await connect();
      client.write(chunked([body], coded('gzip')));
      assertError(await client.nextResponse(), 413, 'BODY_TOO_LARGE');
      client.write(postBytes(gzipSync(TEXT), coded('gzip')));
      assert.equal((await client.nextResponse()).status, 200);
      assert.equal(backends.a.requests.length + backends.b.requests.length, 1);
    });

  test('of a client that leaves within it is not sent, and its bytes return to the budget', async (t) => {
    const { gateway, backends, connect, send } = await startWithBackends(t, TWO, {
      config: { server: { request_limits: { max_pending_bytes: 2_000_000 } } },
    });
    const text = `{"model":"m-b","input":"${'xyz'.repeat(500_000)}"}`;
    for (let n = 0; n < 3; n += 1) {
      const client = await connect();
      const body = gzipSync(text);
      client.write(postBytes(body, [...coded('gzip'), `X-Request-ID: left-${n}`]).subarray(0, -10));
      client.destroy();
      assert.equal((await gateway.log.request(`left-${n}`))['result'] ?? 'cancelled', 'cancelled');
    }
    assert.equal((await send(postBytes(gzipSync(text), coded('gzip')))).status, 200);
    assert.equal(backends.b.requests.length, 1);
  });
});
