import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Gateway } from '@olla/testing/olla-process';
import { residentBytes } from '@olla/testing/process-tree';
import { jsonResponse, startRawBackend, whenComplete, type RawBackend } from '@olla/testing/raw-backend';
import { openConnection } from '@olla/testing/raw-http';
import { CHAT } from '@olla/testing/request-bytes';
import { waitFor } from '@olla/testing/wait-for';
import { Started } from '@olla/testing/started';
import { endpointConfig, startGatewayFor } from './start-gateway-for.ts';

const MODEL = 'm';
const MIB = 1024 * 1024;

interface Upload {
  readonly start: string;
  /** Bytes between start and end. */
  readonly bytes: number;
  readonly end: string;
  readonly onPiece: () => void;
}

describe('the memory of a worker', () => {
  let backend: RawBackend;
  let gateway: Gateway;
  const started = new Started();
  before(async () => {
    backend = started.add(await startRawBackend({ models: [MODEL] }));
    gateway = started.add(
      await startGatewayFor({
        endpoints: [endpointConfig('only', backend)],
        models: [MODEL],
        workers: 1,
      }),
    );
  });
  after(() => started.stop());

  for (const [what, start, end] of [
    ['after the model', `{"model":"${MODEL}","input":"`, '"}'],
    ['before the model', '{"input":"', `","model":"${MODEL}"}`],
  ] as const)
    test(`stays flat while it relays bodies with 50 MiB in one string ${what}`, async (t) => {
      const [worker] = gateway.children().workers;
      const grown: number[] = [];
      const before = residentBytes(worker as number);
      for (let n = 0; n < 3; n += 1)
        await upload({
          start,
          bytes: 50 * MIB,
          end,
          onPiece: () => grown.push(residentBytes(worker as number) - before),
        });
      const most = Math.max(...grown);
      t.diagnostic(`150 MiB in 3 bodies: the worker grew by ${(most / MIB).toFixed(1)} MiB`);
      // The gateway holds the bytes before the model until it knows the model.
      const held = what === 'after the model' ? 0 : 50 * MIB;
      assert.ok(most < held + 75 * MIB, `the worker grew by ${most} bytes`);
    });

  /** Uploads a string of this size and asserts that the backend gets all of it. Calls `onPiece` after each piece. */
  async function upload({ start, bytes, end, onPiece }: Upload): Promise<void> {
    const total = start.length + bytes + end.length;
    let received = 0;
    backend.respond = (request) => {
      // The test counts the bytes and drops them, so that its own memory stays small.
      whenComplete(request, () => request.socket.write(jsonResponse({ ok: true })));
      request.socket.on('data', () => {
        for (const { data } of request.pieces.splice(0)) received += data.length;
      });
    };
    const connection = await openConnection(gateway.port);
    connection.write(`POST ${CHAT} HTTP/1.1\r\nHost: x\r\nContent-Length: ${total}\r\n\r\n${start}`);
    const piece = Buffer.alloc(256 * 1024, 'x');
    for (let sent = 0; sent < bytes; sent += piece.length) {
      if (!connection.socket.write(piece))
        await new Promise<void>((resolve) => connection.socket.once('drain', resolve));
      onPiece();
    }
    connection.write(end);
    assert.equal((await connection.nextResponse('POST', 30_000)).status, 200);
    onPiece();
    connection.destroy();
    assert.ok(received > bytes, `${received} of ${total} bytes arrived`);
  }
});

describe('the memory of a worker before a backend that does not read', () => {
  const LIMIT = 64 * MIB;
  const CLIENTS = 12;
  let backend: RawBackend;
  let gateway: Gateway;
  before(async () => {
    backend = await startRawBackend({ models: [MODEL], respond: ({ socket }) => void socket.pause() });
    gateway = await startGatewayFor({
      endpoints: [endpointConfig('only', backend)],
      models: [MODEL],
      workers: 1,
      config: { server: { request_limits: { max_pending_bytes: LIMIT } } },
    });
  });
  after(async () => {
    await gateway.stop();
    await backend.close();
  });

  test('stays within max_pending_bytes and a bounded rest', async (t) => {
    const worker = gateway.children().workers[0] as number;
    const idle = residentBytes(worker);
    const piece = Buffer.alloc(20 * MIB, 'x');
    const end = `","model":"${MODEL}"}`;
    const head = `POST ${CHAT} HTTP/1.1\r\nHost: x\r\nContent-Length: ${10 + piece.length + end.length}\r\n\r\n`;
    const clients = await Promise.all(Array.from({ length: CLIENTS }, () => openConnection(gateway.port)));
    for (const client of clients) for (const bytes of [head, '{"input":"', piece, end]) client.write(bytes);
    let grown = 0;
    let answered = 0;
    for (const client of clients)
      void client.nextHead('POST', 60_000).then(
        ({ status }) => status === 503 && (answered += 1),
        () => undefined,
      );
    await waitFor(
      () => {
        grown = Math.max(grown, residentBytes(worker) - idle);
        return answered >= CLIENTS - Math.floor(LIMIT / piece.length);
      },
      { describe: 'the refusal of requests without room', timeoutMs: 30_000 },
    );
    t.diagnostic(`the worker grew by ${(grown / MIB).toFixed(1)} MiB`);
    assert.ok(grown < LIMIT + 100 * MIB, `the worker grew by ${grown} bytes`);
    for (const client of clients) client.destroy();
  });
});
