import assert from 'node:assert/strict';
import { connect, type Socket } from 'node:net';
import { describe, test, type TestContext } from 'node:test';
import { jsonResponse } from '@olla/testing/raw-backend';
import { CHAT } from '@olla/testing/request-bytes';
import { startWithBackends, type GatewayWithBackends } from '../../testing/gateway-with-backends.ts';

const MODEL = 'm';
const MIB = 1024 * 1024;
/** More than the buffers of both sockets hold. */
const UPLOAD = 8 * MIB;
const PIECE = Buffer.alloc(256 * 1024, 'x');
const TIMES = 2;

interface Form {
  readonly version: '1.0' | '1.1';
  readonly headers: readonly string[];
  readonly chunked: boolean;
}

const FORMS: Readonly<Record<string, Form>> = {
  'that closes': { version: '1.1', headers: ['Connection: close'], chunked: false },
  'that closes, chunked': { version: '1.1', headers: ['Connection: close'], chunked: true },
  'of HTTP/1.0': { version: '1.0', headers: [], chunked: false },
  'that keeps the connection': { version: '1.1', headers: [], chunked: false },
  'that keeps the connection, chunked': { version: '1.1', headers: [], chunked: true },
};

interface Upload extends Form {
  readonly port: number;
  readonly path?: string;
}

/**
 * Sends a body as fast as possible and reads nothing before its end, as many clients do. @returns all bytes received
 */
async function upload({ port, version, headers, chunked, path = CHAT }: Upload): Promise<string> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true });
  socket.pause();
  const start = `{"model":"${MODEL}","input":"`;
  const framing = chunked ? 'Transfer-Encoding: chunked' : `Content-Length: ${start.length + UPLOAD + 2}`;
  const lines = [`POST ${path} HTTP/${version}`, 'Host: x', 'Content-Type: application/json', framing];
  socket.write(`${[...lines, ...headers].join('\r\n')}\r\n\r\n`);
  const send = (bytes: Buffer | string): boolean => {
    if (!chunked) return socket.write(bytes);
    socket.write(`${bytes.length.toString(16)}\r\n`);
    socket.write(bytes);
    return socket.write('\r\n');
  };
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  let answer = '';
  socket.on('data', (bytes) => {
    answer += bytes.toString('latin1');
    if (isWhole(answer)) resolve(answer);
  });
  socket.on('error', reject);
  socket.on('close', () => reject(new Error(`the connection closed after ${JSON.stringify(answer)}`)));
  send(start);
  for (let sent = 0; sent < UPLOAD; sent += PIECE.length)
    if (!send(PIECE)) await Promise.race([drained(socket), promise]);
  send('"}');
  if (chunked) socket.write('0\r\n\r\n');
  socket.resume();
  return promise.finally(() => socket.destroy());
}

function drained(socket: Socket): Promise<void> {
  return new Promise((resolve) => socket.once('drain', resolve));
}

function isWhole(answer: string): boolean {
  const end = answer.indexOf('\r\n\r\n');
  const length = Number(/content-length: *(\d+)/i.exec(answer.slice(0, end))?.[1] ?? NaN);
  if (end >= 0 && Number.isNaN(length))
    return answer.endsWith('\r\n0\r\n\r\n') || /\r\n0\r\n.*\r\n\r\n$/s.test(answer);
  return end >= 0 && answer.length >= end + 4 + length;
}

const SMALL = { server: { request_limits: { max_body_size: MIB } } };
const refuses = (t: TestContext): Promise<GatewayWithBackends<'only'>> =>
  startWithBackends(t, { only: { models: [MODEL] } }, { config: SMALL });

describe('an upload that is refused before its end', () => {
  for (const [client, form] of Object.entries(FORMS)) {
    test(`gets its response, with a client ${client}: 413 of the gateway`, async (t) => {
      const { gateway } = await refuses(t);
      for (let n = 0; n < TIMES; n += 1)
        assert.match(await upload({ ...form, port: gateway.port }), /^HTTP\/1\.1 413 .*"BODY_TOO_LARGE"/s);
    });

    test(`gets its response, with a client ${client}: 404 of the gateway`, async (t) => {
      const { gateway } = await refuses(t);
      for (let n = 0; n < TIMES; n += 1)
        assert.match(
          await upload({ ...form, port: gateway.port, path: '/olla/nope/x' }),
          /^HTTP\/1\.1 404 .*"NOT_FOUND"/s,
        );
    });

    for (const closes of [false, true])
      test(`gets its response, with a client ${client}: 413 of the backend${closes ? ', which then closes' : ''}`, async (t) => {
        const { gateway, backends } = await startWithBackends(t, { only: { models: [MODEL] } });
        backends.only.respond = ({ socket }) => {
          socket.removeAllListeners('data');
          socket.write(jsonResponse({ error: 'too large' }, '413 Payload Too Large', ['Connection: close']));
          if (closes) setImmediate(() => socket.destroy());
        };
        for (let n = 0; n < TIMES; n += 1)
          assert.match(await upload({ ...form, port: gateway.port }), /^HTTP\/1\.1 413 .*too large/s);
        assert.equal(backends.only.requests.length, TIMES, 'one request each');
      });
  }
});
