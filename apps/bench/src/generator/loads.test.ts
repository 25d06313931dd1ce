import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { after, before, beforeEach, test } from 'node:test';
import { createBackendContext, type BackendContext } from '../backend/context.ts';
import { ServerConnection } from '../backend/server-connection.ts';
import { JSON_MODEL, streamBytes, streamModel } from '../traffic/payloads.ts';
import { WORKLOADS } from '../workloads.ts';
import { ClosedLoop } from './closed-loop.ts';
import { DueTimes } from './due-times.ts';
import type { Load } from './load.ts';
import type { LoadSpec } from './load-spec.ts';
import { OpenLoop } from './open-loop.ts';
import { Recorder } from './recorder.ts';

const SCALE = { warmUpMs: 0, windowMs: 100, ratePerS: 500, fewerStreams: 1 };

let server: Server;
let context: BackendContext;
/** What stands before the backend for one test. */
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
  const { port } = server.address() as AddressInfo;
  return { ...workload.load(SCALE), port, path: '/v1/chat/completions', ...changes };
}

/** A recorder that says when it has so many answers or errors. */
class WaitingRecorder extends Recorder {
  #events = 0;
  #wake: (() => void) | undefined;

  override answer(startMs: number): void {
    super.answer(startMs);
    this.#count();
  }

  override error(problem: string): void {
    super.error(problem);
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
  recorder.begin();
  load.start();
  await recorder.events(events);
  load.stop();
  return recorder.report();
}

for (const id of ['json-32', 'upload', 'churn', 'first-byte', 'aborts']) {
  test(`${id} against the bench's own backend has right answers only`, async () => {
    const recorder = new WaitingRecorder();
    const report = await runUntil(new ClosedLoop(specOf(id, { connections: 3 }), recorder), recorder, 9);
    assert.deepEqual(report.errors, {});
    assert.ok(report.completed >= 9);
    assert.ok(report.bodyBytes > 0);
    assert.ok(report.firstByte!.p50Us > 0);
  });
}

test('a stream is whole and paced as its model says', async () => {
  const shape = { events: 6, intervalMs: 10 };
  const expected = { status: 200, bodyBytes: streamBytes(shape), body: undefined };
  const spec = specOf('sse-50', { model: streamModel(shape), connections: 1, rampMs: 0, expected });
  const recorder = new WaitingRecorder();
  const report = await runUntil(new ClosedLoop(spec, recorder), recorder, 2);
  assert.deepEqual(report.errors, {});
  assert.ok(report.latency!.p50Us > 35_000, 'six events 10 ms apart take 50 ms or nearly');
});

test('streams that clients leave are closed and counted by the backend', async () => {
  const before = context.stats.abortedStreams;
  const recorder = new WaitingRecorder();
  await runUntil(new ClosedLoop(specOf('aborts', { connections: 2 }), recorder), recorder, 4);
  while (context.stats.openStreams > 0) await new Promise(setImmediate);
  assert.ok(context.stats.abortedStreams - before >= 4);
});

const WRONG_ANSWERS: [string, string, RegExp][] = [
  ['another status', 'HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n', /^status 502$/],
  ['a short body', 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}', /^a body of 2 bytes$/],
  ['other bytes', `HTTP/1.1 200 OK\r\nContent-Length: 1024\r\n\r\n${'x'.repeat(1024)}`, /^other body bytes/],
  [
    'half an answer',
    'HTTP/1.1 200 OK\r\nContent-Length: 1024\r\n\r\nabc',
    /closed before the answer was whole/,
  ],
  ['no HTTP', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n', /^malformed answer/],
];
for (const [name, answer, problem] of WRONG_ANSWERS) {
  test(`${name} is an error, not an answer`, async () => {
    intercept = (socket) => {
      socket.once('data', () => socket.end(answer));
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

test('a backend that is not there is an error for each try', async () => {
  const recorder = new WaitingRecorder();
  const spec = specOf('json-32', { connections: 1, port: 1 });
  const report = await runUntil(new ClosedLoop(spec, recorder), recorder, 2);
  assert.deepEqual(Object.keys(report.errors), ['ECONNREFUSED']);
});

test('no more requests are sent than the load may send', async () => {
  const before = context.stats.requests;
  const recorder = new WaitingRecorder();
  const load = new ClosedLoop(specOf('json-32', { connections: 4, maxRequests: 10 }), recorder);
  await runUntil(load, recorder, 10);
  assert.equal(context.stats.requests - before, 10);
});

test('due times are never skipped, however late they are taken', () => {
  const due = new DueTimes(100);
  assert.equal(due.take(5), undefined);
  due.begin(1000);
  assert.equal(due.take(1000), 1000);
  assert.equal(due.take(1009), undefined);
  assert.deepEqual(
    [due.take(1035), due.take(1035), due.take(1035), due.take(1035)],
    [1010, 1020, 1030, undefined],
  );
});

test('a stall counts for every request that was due meanwhile, not only for those that were sent', async () => {
  const stallMs = 150;
  intercept = (socket) => {
    // The answers of this connection wait at the start; with one connection nothing else can be sent meanwhile.
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
  // 75 requests were due within the stall, evenly: their median waited for about half of it.
  assert.ok(report.latency!.p50Us > stallMs * 1000 * 0.35, `${report.latency!.p50Us}`);
  assert.ok(report.latency!.p99Us > stallMs * 1000 * 0.9, `${report.latency!.p99Us}`);
});
