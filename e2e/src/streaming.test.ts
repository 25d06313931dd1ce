import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import type { Gateway } from '@olla/testing/olla-process';
import {
  chunk,
  startRawBackend,
  whenComplete,
  type RawBackend,
  type ReceivedRequest,
} from '@olla/testing/raw-backend';
import { openConnection, type RawConnection } from '@olla/testing/raw-http';
import { waitFor } from '@olla/testing/wait-for';
import { endpointConfig, startGatewayFor } from './start-gateway-for.ts';

const MODEL = 'streamed';
const STREAM_HEAD =
  'HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n';
const MIB = 1024 * 1024;

describe('streams', () => {
  let backend: RawBackend;
  let gateway: Gateway;
  /** The backend's side of the newest request, once its body is in. */
  let serving: ReceivedRequest | undefined;
  before(async () => {
    backend = await startRawBackend({ models: [MODEL] });
    gateway = await startGatewayFor({ endpoints: [endpointConfig('stream', backend)], models: [MODEL] });
  });
  after(async () => {
    await gateway.stop();
    await backend.close();
  });
  beforeEach(() => {
    serving = undefined;
    backend.respond = (request) => whenComplete(request, () => (serving = request));
  });

  /** Sends a request; the backend's end of it is there, unanswered. */
  async function ask(
    body: object = { model: MODEL, stream: true },
  ): Promise<{ client: RawConnection; request: ReceivedRequest }> {
    const client = await openConnection(gateway.port);
    const text = JSON.stringify(body);
    client.write(
      `POST /olla/openai/v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: ${text.length}\r\n\r\n${text}`,
    );
    return { client, request: await waitFor(() => serving, { describe: 'the request at the backend' }) };
  }

  test('head and each chunk reach the client while the backend still works', async () => {
    const { client, request } = await ask();
    request.socket.write(STREAM_HEAD);
    const response = await client.nextHead();
    assert.equal(response.status, 200);
    assert.equal(response.pieces.length, 0, 'the head did not wait for a body byte');
    for (const n of [1, 2, 3]) {
      request.socket.write(chunk(`data: ${n}\n\n`));
      await waitFor(() => response.text().endsWith(`data: ${n}\n\n`), {
        describe: `chunk ${n}`,
        intervalMs: 1,
      });
    }
    assert.equal(response.complete, false);
    request.socket.write('0\r\n\r\n');
    assert.equal((await client.nextResponse()).complete, true);
    client.destroy();
  });

  test('a client that leaves in mid-stream cancels the request at the backend at once', async () => {
    const { client, request } = await ask();
    request.socket.write(STREAM_HEAD + chunk('data: 1\n\n'));
    await client.nextHead();
    client.destroy();
    await waitFor(() => request.gone, { describe: 'the backend to be left', timeoutMs: 1000, intervalMs: 2 });
  });

  test('a client that leaves before the head cancels it too', async () => {
    const { client, request } = await ask({ model: MODEL });
    client.destroy();
    await waitFor(() => request.gone, { describe: 'the backend to be left', timeoutMs: 1000, intervalMs: 2 });
  });

  test('a backend that dies in mid-stream leaves the client an answer that is visibly cut off', async () => {
    const { client, request } = await ask();
    request.socket.write(STREAM_HEAD + chunk('data: 1\n\n'));
    await client.nextHead();
    request.socket.resetAndDestroy();
    const response = await client.nextResponse();
    assert.match(response.text(), /^data: 1\n\n/);
    assert.equal(response.complete, false);
    client.destroy();
  });

  test('a backend that ends short of its Content-Length does as well', async () => {
    const { client, request } = await ask({ model: MODEL });
    request.socket.end('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf');
    const response = await client.nextResponse();
    assert.equal(response.complete, false);
    client.destroy();
  });

  test('a client that does not read slows the backend down, and gets every byte once it does', async () => {
    const { client, request } = await ask();
    client.socket.pause();
    const piece = 'x'.repeat(64 * 1024);
    const total = 64 * MIB;
    request.socket.write(STREAM_HEAD);
    let written = 0;
    const pump = (): void => {
      while (written < total) {
        written += piece.length;
        if (!request.socket.write(chunk(piece))) {
          request.socket.once('drain', pump);
          return;
        }
      }
      request.socket.write('0\r\n\r\n');
    };
    pump();
    let before = -1;
    await waitFor(
      () => {
        const stalled = written === before;
        before = written;
        return stalled;
      },
      { describe: 'the backend to be held back', intervalMs: 300 },
    );
    assert.ok(written < 32 * MIB, `the backend could write ${written} bytes that nobody read`);
    client.socket.resume();
    const response = await client.nextResponse('GET', 30_000);
    assert.equal(response.complete, true);
    assert.equal(
      response.pieces.reduce((bytes, { data }) => bytes + data.length, 0),
      total,
    );
    client.destroy();
  });

  test('a backend that does not read slows the upload down, and gets every byte once it does', async () => {
    let arrived: ReceivedRequest | undefined;
    backend.respond = (request) => {
      request.socket.pause();
      arrived = request;
      whenComplete(request, () => request.socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'));
    };
    const client = await openConnection(gateway.port);
    const total = 64 * MIB;
    const start = `{"model":"${MODEL}","input":"`;
    client.write(
      `POST /olla/openai/v1/embeddings HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: ${start.length + total + 2}\r\n\r\n${start}`,
    );
    let sent = 0;
    const piece = Buffer.alloc(64 * 1024, 'y');
    const pump = (): void => {
      while (sent < total) {
        sent += piece.length;
        if (!client.socket.write(piece)) {
          client.socket.once('drain', pump);
          return;
        }
      }
      client.socket.write('"}');
    };
    pump();
    let before = -1;
    await waitFor(
      () => {
        const stalled = sent === before;
        before = sent;
        return stalled;
      },
      { describe: 'the client to be held back', intervalMs: 300 },
    );
    assert.ok(sent < 48 * MIB, `the client could send ${sent} bytes that nobody read`);
    const request = await waitFor(() => arrived, { describe: 'the upload at the backend' });
    request.socket.resume();
    assert.equal((await client.nextResponse('POST', 30_000)).status, 200);
    assert.equal(request.body().length, start.length + total + 2);
    client.destroy();
  });
});
