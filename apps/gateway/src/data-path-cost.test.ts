/**
 * Counts the operations of a request in the steady state: keep-alive connections, a known model, limits with held
 * leases, a log line for each request. A real gateway runs one worker, which counts its own operations.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import {
  Agent,
  createServer,
  request,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import { DataPathProbe, difference, type DataPathCounts } from '@olla/testing/data-path-counts';
import { startGateway, type Gateway } from '@olla/testing/olla-process';

const CHUNKS = 1000;
const CONNECTIONS = 4;
/** Requests between two readings, so few that some batches see no periodic work. */
const BATCH = 40;
const MAX_BATCHES = 60;
const MANY = 1000;
const MAX_STREAMS = 10;
/** High enough that no limit refuses, so every request passes through all of them. */
const PLENTY = 100_000_000;

/** A worker's operations for one request. The timer is node:http's, for the connection that becomes idle. */
const OF_A_REQUEST: DataPathCounts = {
  resources: { TickObject: 5, PROMISE: 13, Timeout: 1 },
  timers: {},
  messages: {},
};
const NOTHING: DataPathCounts = { resources: {}, timers: {}, messages: {} };

/** Periodic operations, independent of the number of requests. */
const MESSAGES_A_SECOND: Readonly<Record<string, number>> = {
  // A worker without others publishes its counts every 100 ms (state/pace/load-pace.ts).
  'cast load.changes': 10,
  // Every 250 ms (state/pace/statistics-pace.ts).
  'cast statistics.report': 4,
  'request heartbeat': 1,
  // A lease is made for the demand of a window of 50 ms (state/limiter/key-entry.ts).
  'request leases.take': 20,
  'cast leases.return': 20,
};

const probe = new DataPathProbe();
const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS });
let backend: Server;
let gateway: Gateway;
let worker: number;

before(async () => {
  backend = createServer(answer).listen(0, '127.0.0.1');
  await once(backend, 'listening');
  const { port } = backend.address() as AddressInfo;
  gateway = await startGateway({
    workers: 1,
    env: probe.env,
    config: {
      server: {
        rate_limits: {
          global_requests_per_minute: PLENTY,
          per_ip_requests_per_minute: PLENTY,
          burst_size: PLENTY,
        },
      },
      discovery: {
        static: { endpoints: [{ url: `http://127.0.0.1:${port}`, name: 'one', type: 'openai-compatible' }] },
      },
    },
  });
  worker = gateway.children().workers[0]!;
  await ask(200);
});

after(async () => {
  agent.destroy();
  await gateway.stop();
  backend.closeAllConnections();
  backend.close();
});

describe('the path of a request', () => {
  test('costs the known operations for a request, and no further message, timer or file', async () => {
    const least = await leastOf(MAX_BATCHES, BATCH, 0.5, OF_A_REQUEST, () => ask(BATCH));
    assert.deepEqual(least, OF_A_REQUEST);
  });

  test('sends messages by the clock only, however many requests there are', async () => {
    const { counts, seconds } = await countDuring(() => ask(MANY));
    for (const [kind, count] of Object.entries(counts.messages)) {
      const allowed = Math.ceil((MESSAGES_A_SECOND[kind] ?? 0) * seconds) + 1;
      assert.ok(
        count <= allowed,
        `${count} messages "${kind}" in ${seconds.toFixed(2)} s, ${allowed} are by the clock`,
      );
    }
  });

  test('costs nothing for a chunk of a stream', async () => {
    const least = await leastOf(MAX_STREAMS, CHUNKS, 0.1, NOTHING, () => askOnce('/v1/stream'));
    assert.deepEqual(least, NOTHING);
  });

  test('waits for a lease only while one is requested, and otherwise for neither primary nor agent', async () => {
    const waited = await leaseWaits();
    const { counts } = await countDuring(() => ask(MANY));
    const asked = counts.messages['request leases.take'] ?? 0;
    const waits = (await leaseWaits()) - waited;
    // Requests that arrive while a lease is requested wait for the same message.
    assert.ok(waits <= asked * CONNECTIONS, `${waits} of ${MANY} requests waited for ${asked} leases`);

    const others = [gateway.process.pid, gateway.children().agent!];
    for (const pid of others) process.kill(pid, 'SIGSTOP');
    try {
      await ask(40);
    } finally {
      for (const pid of others) process.kill(pid, 'SIGCONT');
    }
  });
});

async function leaseWaits(): Promise<number> {
  const response = await fetch(`${gateway.url}/internal/status`);
  const status = (await response.json()) as { traffic: { lease_waits_total: number } };
  return status.traffic.lease_waits_total;
}

function answer(incoming: IncomingMessage, response: ServerResponse): void {
  incoming.resume().on('end', () => {
    if (incoming.url === '/v1/stream') return stream(response);
    response.setHeader('Content-Type', 'application/json');
    response.end(incoming.url === '/v1/models' ? '{"object":"list","data":[{"id":"m"}]}' : '{"ok":true}');
  });
}

function stream(response: ServerResponse): void {
  response.setHeader('Content-Type', 'text/event-stream');
  let sent = 0;
  const next = (): void => {
    if (sent === CHUNKS) return void response.end();
    sent += 1;
    response.write(`data: {"n":${sent}}\n\n`);
    setImmediate(next);
  };
  next();
}

/** Sends this number of requests over the keep-alive connections; all have to be answered with 200. */
async function ask(count: number): Promise<void> {
  let left = count;
  const askInTurn = async (): Promise<void> => {
    while (left > 0) {
      left -= 1;
      await askOnce('/v1/chat/completions');
    }
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, askInTurn));
}

async function askOnce(path: string): Promise<void> {
  const sent = request(`${gateway.url}/olla/openai${path}`, { method: 'POST', agent });
  sent.setHeader('Content-Type', 'application/json').end('{"model":"m","messages":[]}');
  const [response] = (await once(sent, 'response')) as [IncomingMessage];
  response.resume();
  await once(response, 'end');
  assert.equal(response.statusCode, 200);
}

async function countDuring(work: () => Promise<void>): Promise<{ counts: DataPathCounts; seconds: number }> {
  const first = await probe.read(worker);
  const startMs = performance.now();
  await work();
  const counts = difference(first, await probe.read(worker));
  return { counts, seconds: (performance.now() - startMs) / 1000 };
}

/**
 * Repeats the work until what is the least of each kind is what is expected of one of its units, or for so many times.
 * What goes by the clock is not in every batch, so that the least is what belongs to the unit.
 *
 * @param step counts of one unit are rounded to its multiples
 */
async function leastOf(
  times: number,
  units: number,
  step: number,
  expected: DataPathCounts,
  work: () => Promise<void>,
): Promise<DataPathCounts> {
  let least: DataPathCounts | null = null;
  let ofOne = NOTHING;
  for (let n = 0; n < times; n += 1) {
    const { counts } = await countDuring(work);
    const before: DataPathCounts = least ?? counts;
    least = ofEachKind((kind) => smaller(before[kind], counts[kind]));
    const all: DataPathCounts = least;
    ofOne = ofEachKind((kind) => rounded(all[kind], units, step));
    if (isDeepStrictEqual(ofOne, expected)) break;
  }
  return ofOne;
}

type Counts = Readonly<Record<string, number>>;

function ofEachKind(make: (kind: keyof DataPathCounts) => Counts): DataPathCounts {
  return { resources: make('resources'), timers: make('timers'), messages: make('messages') };
}

/** What is absent is none. */
function smaller(a: Counts, b: Counts): Counts {
  return Object.fromEntries(Object.entries(a).map(([name, count]) => [name, Math.min(count, b[name] ?? 0)]));
}

/** Counts of one unit, to multiples of the step; what is none is left out. */
function rounded(counts: Counts, units: number, step: number): Counts {
  const each = Object.entries(counts).map(
    ([name, count]) => [name, Math.round(count / units / step) * step] as const,
  );
  return Object.fromEntries(each.filter(([, count]) => count !== 0));
}
