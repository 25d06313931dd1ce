import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { after, before, beforeEach, test } from 'node:test';
import { createBackendContext, type BackendContext } from '../backend/backend-context.ts';
import { ServerConnection } from '../backend/server-connection.ts';
import { listeningPort } from '../host/listening-port.ts';
import { JSON_MODEL, streamBytes, streamModel } from '../traffic/payloads.ts';
import { WORKLOADS } from '../workloads.ts';
import { ClosedLoop } from './closed-loop.ts';
import { DueTimes } from './due-times.ts';
import type { LoadSpec } from './load-spec.ts';
import type { Load } from './load.ts';
import { OpenLoop } from './open-loop.ts';
import { Recorder } from './recorder.ts';

const SCALE = { warmUpMs: 0, windowMs: 100, ratePerS: 500, streamDivisor: 1 };

let server: Server;
let context: BackendContext;
/** Takes a connection from the backend when it returns true. Set by one test. */
let intercept: ((socket: Socket) => boolean) | undefined;

before(async () => {
  context = createBackendContext([]);
  server = createServer((socket) => {
    if (intercept?.(socket) === true) return;
    new ServerConnection(socket, context);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
});
after(() => {
  context.stop();
  server.close();
});
beforeEach(() => (intercept = undefined));

function specOf(id: string, changes: Partial<LoadSpec> = {}): LoadSpec {
  const workload = WORKLOADS.find((candidate) => candidate.id === id)!;
  return { ...workload.load(SCALE), port: listeningPort(server), path: '/v1/chat/completions', ...changes };
}

/** A recorder that a test can wait for. */
class WaitingRecorder extends Recorder {
  #events = 0;
  #wake: (() => void) | undefined;

  override recordResponse(startMs: number): void {
    super.recordResponse(startMs);
    this.#count();
  }

  override recordError(problem: string): void {
    super.recordError(problem);
    this.#count();
  }

  async events(count: number): Promise<void> {
    while (this.#events < count) await new Promise<void>((resolve) => (this.#wake = resolve));
  }

  #count(): void {
    this.#events += 1;
    this.#wake?.();
  }
}

async function runUntil(load: Load, recorder: WaitingRecorder, events: number) {
  recorder.start();
  load.start();
  await recorder.events(events);
  load.stop();
  return recorder.report();
}

for (const id of ['json-32', 'upload', 'churn', 'first-byte', 'aborts']) {
  test(`receives only expected responses from the bench's backend in ${id}`, async () => {
    const recorder = new WaitingRecorder();
    const report = await runUntil(new ClosedLoop(specOf(id, { connections: 3 }), recorder), recorder, 9);
    assert.deepEqual(report.errors, {});
    assert.ok(report.completed >= 9);
    assert.ok(report.bodyBytes > 0);
    assert.ok(report.firstByte!.p50Us > 0);
  });
}

test('receives whole streams at the pace of their model', async () => {
  const shape = { events: 6, intervalMs: 10 };
  const expected = { status: 200, bodyBytes: streamBytes(shape), body: undefined };
  const spec = specOf('sse-50', { model: streamModel(shape), connections: 1, rampMs: 0, expected });
  const recorder = new WaitingRecorder();
  const report = await runUntil(new ClosedLoop(spec, recorder), recorder, 2);
  assert.deepEqual(report.errors, {});
  assert.ok(report.latency!.p50Us > 35_000, 'six events 10 ms apart take about 50 ms');
});

test('closes and counts a stream at the backend when its client aborts', async () => {
  const before = context.stats.abortedStreams;
  const recorder = new WaitingRecorder();
  await runUntil(new ClosedLoop(specOf('aborts', { connections: 2 }), recorder), recorder, 4);
  while (context.stats.openStreams > 0) await new Promise(setImmediate);
  assert.ok(context.stats.abortedStreams - before >= 4);
});

const WRONG_RESPONSES: [string, string, RegExp][] = [
  ['another status', 'HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n', /^status 502$/],
  ['a short body', 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}', /^a body of 2 bytes$/],
  ['other bytes', `HTTP/1.1 200 OK\r\nContent-Length: 1024\r\n\r\n${'x'.repeat(1024)}`, /^other body bytes/],
  [
    'half a response',
    'HTTP/1.1 200 OK\r\nContent-Length: 1024\r\n\r\nabc',
    /closed before the response was complete/,
  ],
  [
    'bytes that are not HTTP',
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n',
    /^malformed response/,
  ],
];
for (const [name, response, problem] of WRONG_RESPONSES) {
  test(`counts an error and no response for ${name}`, async () => {
    intercept = (socket) => {
      socket.once('data', () => socket.end(response));
      socket.on('error', () => socket.destroy());
      return true;
    };
    const recorder = new WaitingRecorder();
    const report = await runUntil(
      new ClosedLoop(specOf('json-32', { connections: 1 }), recorder),
      recorder,
      2,
    );
    assert.equal(report.completed, 0);
    assert.match(Object.keys(report.errors)[0]!, problem);
  });
}

test('counts an error for each attempt when nothing listens on the port', async () => {
  const recorder = new WaitingRecorder();
  const spec = specOf('json-32', { connections: 1, port: 1 });
  const report = await runUntil(new ClosedLoop(spec, recorder), recorder, 2);
  assert.deepEqual(Object.keys(report.errors), ['ECONNREFUSED']);
});

test('sends no more requests than maxRequests', async () => {
  const before = context.stats.requests;
  const recorder = new WaitingRecorder();
  const load = new ClosedLoop(specOf('json-32', { connections: 4, maxRequests: 10 }), recorder);
  await runUntil(load, recorder, 10);
  assert.equal(context.stats.requests - before, 10);
});

test('skips no due time, however late it is taken', () => {
  const due = new DueTimes(100);
  assert.equal(due.take(5), undefined);
  due.start(1000);
  assert.equal(due.take(1000), 1000);
  assert.equal(due.take(1009), undefined);
  assert.deepEqual(
    [due.take(1035), due.take(1035), due.take(1035), due.take(1035)],
    [1010, 1020, 1030, undefined],
  );
});

test('counts a stall for every request that was due during it, not only for those that were sent', async () => {
  const stallMs = 150;
  intercept = (socket) => {
    // The responses of this connection wait. No other connection is open, so no request can be sent meanwhile.
    setTimeout(() => {
      new ServerConnection(socket, context);
      socket.resume();
    }, stallMs);
    return true;
  };
  const recorder = new WaitingRecorder();
  const spec = specOf('json-open', { connections: 1, model: JSON_MODEL });
  const report = await runUntil(new OpenLoop(spec, 500, recorder), recorder, 75);
  assert.deepEqual(report.errors, {});
  // 75 requests were due during the stall at even intervals, so their median waited for about half of it.
  assert.ok(report.latency!.p50Us > stallMs * 1000 * 0.35, `${report.latency!.p50Us}`);
  assert.ok(report.latency!.p99Us > stallMs * 1000 * 0.9, `${report.latency!.p99Us}`);
});
