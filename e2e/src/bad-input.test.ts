import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import { assertError } from '@olla/testing/assert-response';
import type { Gateway } from '@olla/testing/olla-process';
import { residentBytes } from '@olla/testing/process-tree';
import { jsonResponse, startRawBackend, whenComplete, type RawBackend } from '@olla/testing/raw-backend';
import { openConnection, sendRaw, type RawResponse } from '@olla/testing/raw-http';
import { CHAT } from '@olla/testing/request-bytes';
import { endpointConfig, startGatewayFor } from './start-gateway-for.ts';

const MODEL = 'judged';
const MIB = 1024 * 1024;

describe('bad input', () => {
  let backend: RawBackend;
  let gateway: Gateway;
  before(async () => {
    backend = await startRawBackend({ models: [MODEL] });
    gateway = await startGatewayFor({
      endpoints: [endpointConfig('judge', backend)],
      models: [MODEL],
      workers: 1,
    });
  });
  after(async () => {
    const [worker] = gateway.children().workers;
    assert.equal(worker, startedWorker, 'the worker lived through all of it');
    await gateway.stop();
    await backend.close();
  });
  let startedWorker: number | undefined;
  before(() => {
    [startedWorker] = gateway.children().workers;
  });
  beforeEach(() => {
    backend.requests.length = 0;
    backend.respond = (request) =>
      whenComplete(request, () => request.socket.write(jsonResponse({ ok: true })));
  });

  const post = (body: string | Buffer, path = CHAT): Promise<RawResponse> =>
    sendRaw(gateway.port, Buffer.concat([head(body.length, path), Buffer.from(body)]));
  const head = (length: number, path = CHAT): Buffer =>
    Buffer.from(
      `POST ${path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: ${length}\r\n\r\n`,
    );

  for (const [what, body, code] of [
    ['an array', '[1]', 'INVALID_JSON'],
    ['a string', '"{}"', 'INVALID_JSON'],
    ['a form', 'model=x', 'INVALID_JSON'],
    ['spaces and no object', ' \n null', 'INVALID_JSON'],
    ['nothing', '', 'INVALID_JSON'],
    ['only spaces', '  \n', 'INVALID_JSON'],
    ['a model that is a number', '{"model":1}', 'INVALID_MODEL'],
    ['a model that is null', '{"model":null}', 'INVALID_MODEL'],
    ['a model that is a list', `{"model":["${MODEL}"]}`, 'INVALID_MODEL'],
    ['two models', `{"model":"${MODEL}","messages":[],"model":"${MODEL}"}`, 'INVALID_MODEL'],
    ['two models, one spelt with an escape', `{"model":"${MODEL}","\\u006dodel":"b"}`, 'INVALID_MODEL'],
    ['a model of 2 KiB', `{"model":"${'m'.repeat(2048)}"}`, 'INVALID_MODEL'],
  ] as const)
    test(`400: ${what}`, async () => {
      const { message } = assertError(await post(body), 400, code);
      assert.match(message, /JSON|model|body/);
      assert.equal(backend.requests.length, 0, 'it went nowhere');
    });

  const deep = 100_000;
  for (const [what, body] of [
    ['no model', '{"messages":[]}'],
    ['an empty object', '{}'],
    ['a model further down only', '{"a":{"model":"other"},"messages":[]}'],
    ['100,000 levels deep', `{"model":"${MODEL}","a":${'['.repeat(deep)}${']'.repeat(deep)}}`],
    [
      '100,000 levels deep before the model',
      `{"a":${'{"a":'.repeat(deep)}1${'}'.repeat(deep)},"model":"${MODEL}"}`,
    ],
    ['invalid UTF-8', Buffer.from(`{"model":"${MODEL}","a":"\xff\xfe\xc3\x28"}`, 'latin1')],
    ['JSON broken after the model', `{"model":"${MODEL}", oops ]`],
    ['JSON that ends after the model', `{"model":"${MODEL}"`],
  ] as const)
    test(`relayed unchanged: ${what}`, async () => {
      const response = await post(body);
      assert.equal(response.status, 200, response.text());
      const [request] = backend.requests;
      assert.ok(request?.body().equals(Buffer.from(body)));
    });

  for (const [what, body] of [
    ['an array', '[1,2]'],
    ['text', 'hello'],
    ['only spaces', '   '],
    ['a large array', `[${'1,'.repeat(400_000)}1]`],
  ] as const)
    test(`relayed unchanged on a path that need not take JSON: ${what}`, async () => {
      const response = await post(body, '/olla/proxy/v1/files');
      assert.equal(response.status, 200, response.text());
      assert.ok(backend.requests[0]?.body().equals(Buffer.from(body)));
    });

  for (const [what, start, end] of [
    ['after the model', `{"model":"${MODEL}","input":"`, '"}'],
    ['before the model', '{"input":"', `","model":"${MODEL}"}`],
  ] as const)
    test(`relayed in flat memory: 50 MiB in one string ${what}`, async (t) => {
      const [worker] = gateway.children().workers;
      const grown: number[] = [];
      const before = residentBytes(worker as number);
      for (let n = 0; n < 3; n += 1)
        await upload(start, 50 * MIB, end, () => grown.push(residentBytes(worker as number) - before));
      const most = Math.max(...grown);
      t.diagnostic(`150 MiB in 3 bodies: the worker grew by ${(most / MIB).toFixed(1)} MiB`);
      // What stands before the model has to be held until it is known.
      const held = what === 'after the model' ? 0 : 50 * MIB;
      assert.ok(most < held + 75 * MIB, `the worker grew by ${most} bytes`);
    });

  /** Sends one string of this size; the backend gets all of it. `onPiece` is called at each piece. */
  async function upload(start: string, bytes: number, end: string, onPiece: () => void): Promise<void> {
    const total = start.length + bytes + end.length;
    let received = 0;
    backend.respond = (request) => {
      // Counted and dropped: the test's own memory is not its subject.
      whenComplete(request, () => request.socket.write(jsonResponse({ ok: true })));
      request.socket.on('data', () => {
        for (const { data } of request.pieces.splice(0)) received += data.length;
      });
    };
    const connection = await openConnection(gateway.port);
    connection.write(Buffer.concat([head(total), Buffer.from(start)]));
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
