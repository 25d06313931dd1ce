import assert from 'node:assert/strict';
import { describe, test, type TestContext } from 'node:test';
import { JsonBodyScanner } from '@olla/core/body/json-body-scanner';
import { chunk, jsonResponse, whenComplete, type Respond } from '@olla/testing/raw-backend';
import { postBytes } from '@olla/testing/request-bytes';
import { waitFor } from '@olla/testing/wait-for';
import { startWithBackends } from '../../testing/gateway-with-backends.ts';
import { BodyStream } from '../forward/body-stream.ts';
import { ResponseWriter } from '../forward/response-writer.ts';
import { UsageReader } from '../forward/usage-reader.ts';
import { StatisticsRecorder } from '../observe/statistics-recorder.ts';
import { ReadBytes } from '../request/read-bytes.ts';

const SPECS = { only: { models: ['m'] }, other: { models: ['n'] } };
const STREAM =
  'HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n' +
  chunk('data: 1\n\n');
const whole: Respond = (request) =>
  whenComplete(request, () => request.socket.write(jsonResponse({ ok: true })));

/** Throws once, as a fault in the gateway's code would. */
const fault = (): never => {
  throw new Error('injected fault');
};

const SMALL = '{"model":"m"}';
/** Streams, and waits for its backend to read. */
const LARGE = `{"model":"m","input":"${'x'.repeat(6 * 1024 * 1024)}"}`;

const FAULTS: Readonly<Record<string, (t: TestContext) => void>> = {
  'that looks through its body': (t) => t.mock.method(JsonBodyScanner.prototype, 'push', fault, { times: 1 }),
  'that ends the reading of its body': (t) =>
    t.mock.method(JsonBodyScanner.prototype, 'end', fault, { times: 1 }),
  'of the head of its response': (t) => t.mock.method(UsageReader, 'for', fault, { times: 1 }),
  'of a chunk of its response': (t) => t.mock.method(ResponseWriter.prototype, 'data', fault, { times: 1 }),
  'of the end of its response': (t) => t.mock.method(ResponseWriter.prototype, 'end', fault, { times: 1 }),
  'that counts it': (t) => t.mock.method(StatisticsRecorder.prototype, 'settle', fault, { times: 1 }),
};

const FAULTS_OF_STREAMED_BODIES: typeof FAULTS = {
  'that sends what was read of its body': (t) =>
    t.mock.method(ReadBytes.prototype, 'sent', fault, { times: 1 }),
  'that passes on a piece of its body': (t) =>
    t.mock.method(ReadBytes.prototype, 'pass', fault, { times: 1 }),
  'that goes on with its body': (t) => t.mock.method(BodyStream.prototype, 'goOn', fault, { times: 1 }),
};

const ALL = [
  ...Object.entries(FAULTS).map(([which, inject]) => [which, inject, SMALL] as const),
  ...Object.entries(FAULTS_OF_STREAMED_BODIES).map(([which, inject]) => [which, inject, LARGE] as const),
];

describe('a callback that throws', () => {
  for (const [which, inject, body] of ALL)
    test(`${which} ends only its request, and is logged with its id`, async (t) => {
      const { gateway, backends, connect, chat, inFlight } = await startWithBackends(t, SPECS);
      const stream = await connect();
      let finish = (): void => assert.fail('the stream has not begun');
      backends.other.respond = (request) =>
        whenComplete(request, () => {
          request.socket.write(STREAM);
          finish = () => request.socket.write(`${chunk('data: [DONE]\n\n')}0\r\n\r\n`);
        });
      backends.only.respond = whole;
      stream.write(postBytes('{"model":"n","stream":true}'));
      await stream.nextHead();

      inject(t);
      const faulty = await connect();
      faulty.write(postBytes(body, ['X-Request-ID: faulty']));
      const line = await gateway.log.until('the fault in the log', ({ level }) => level === 'error');
      assert.match(String(line['msg']), /^request faulty failed/);
      assert.match(String(line['error']), /injected fault/);

      assert.equal((await chat('m')).status, 200, 'the next request');
      finish();
      assert.match((await stream.nextResponse()).text(), /\[DONE\]/, 'the stream of another client');
      assert.deepEqual(await inFlight(), {}, 'nothing of it stays counted');
    });

  test('before the response began is answered with 500 INTERNAL and without its message', async (t) => {
    const { chat } = await startWithBackends(t, SPECS);
    FAULTS['that looks through its body']?.(t);
    const response = await chat('m');
    assert.equal(response.status, 500);
    assert.match(response.text(), /"code":"INTERNAL"/);
    assert.doesNotMatch(response.text(), /injected/);
  });

  test('while it refuses malformed bytes ends only its connection, and is logged', async (t) => {
    const { gateway, connect, chat } = await startWithBackends(t, SPECS);
    const client = await connect();
    t.mock.method(Date.prototype, 'toUTCString', fault, { times: 1 });
    client.write('HELLO\r\n\r\n');
    const line = await gateway.log.until('the fault in the log', ({ level }) => level === 'error');
    assert.match(String(line['error']), /injected fault/);
    await waitFor(() => client.closed, { describe: 'the connection to end', intervalMs: 1 });
    assert.equal((await chat('m')).status, 200);
  });
});
