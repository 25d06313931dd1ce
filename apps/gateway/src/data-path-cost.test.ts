/**
 * What the path of a request does on the steady path: keep-alive connections, a model that is known, limits with
 * leases in hand, a log line for each request. A real gateway with one worker, counted from inside the worker.
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
import { after, before, test } from 'node:test';
import { DataPathProbe, difference, type DataPathCounts } from '@olla/testing/data-path-counts';
import { startGateway, type Gateway } from '@olla/testing/olla-process';

const REQUESTS = 1000;
const CHUNKS = 1000;
const CONNECTIONS = 4;
/** High enough that no limit refuses, so every request passes through all of them. */
const PLENTY = 100_000_000;

/** Background messages are bounded by the second; a message of a request would be far above any of these. */
const MESSAGES_A_SECOND: Readonly<Record<string, number>> = {
  'cast load.changes': 15,
  'request leases.take': 25,
  'cast leases.return': 25,
  'cast statistics.report': 5,
};
const OWN_TIMERS_A_SECOND = 300;
const SLACK = 5;

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

test('a request starts no timer, sends no message and touches no disk', async () => {
  const { counts, seconds } = await countDuring(() => ask(REQUESTS));
  assertInBackground(counts, seconds);
  const each = (count: number | undefined): number => (count ?? 0) / REQUESTS;

  // One a request is started by node:http for the idle connection; undici's own are in the next test.
  const ofNode = each(counts.resources['Timeout']) - each(sum(counts.timers, / setTimeout$/));
  assert.ok(ofNode <= 1.05, `${ofNode} timers of Node a request`);
  const known = ['TickObject', 'PROMISE', 'Timeout', 'Immediate'];
  const others = Object.entries(counts.resources).filter(([type]) => !known.includes(type));
  const inBackground = others.filter(([, count]) => count > SLACK + 20 * seconds);
  assert.deepEqual(inBackground, [], 'files, name look-ups, new connections and the like');
});

test('a request makes no more promises and library timers than are known', async () => {
  const { counts, seconds } = await countDuring(() => ask(REQUESTS));
  const allowed = (each: number): number => each * REQUESTS + 100 * seconds + SLACK;
  // Ceilings, so that an addition is noticed. undici starts a timer for the connection that becomes idle, and two
  // immediates, for the connection that is free again and before it is used again.
  const ceilings: [string, number, number][] = [
    ['promises', counts.resources['PROMISE'] ?? 0, 16],
    ['ticks', counts.resources['TickObject'] ?? 0, 11],
    ['timers of undici', counts.timers['undici setTimeout'] ?? 0, 1],
    ['immediates', sum(counts.timers, /setImmediate$/), 2],
  ];
  for (const [what, count, each] of ceilings)
    assert.ok(count <= allowed(each), `${count / REQUESTS} ${what} a request, ${each} are known`);
});

test('a chunk of a stream makes no timer, no message and no promise', async () => {
  const { counts, seconds } = await countDuring(() => askOnce('/v1/stream'));
  assertInBackground(counts, seconds);
  const timers = sum(counts.timers, / set(Timeout|Interval)$/);
  assert.ok(timers <= SLACK + (OWN_TIMERS_A_SECOND + 20) * seconds, `${timers} timers for ${CHUNKS} chunks`);
  const promises = counts.resources['PROMISE'] ?? 0;
  assert.ok(promises <= 50 + 200 * seconds, `${promises} promises for ${CHUNKS} chunks`);
});

test('few requests wait for a lease, and none needs the primary or the agent to answer', async () => {
  const before = await leaseWaits();
  const { seconds } = await countDuring(() => ask(REQUESTS));
  const waits = (await leaseWaits()) - before;
  // An ask for a spent lease of either key, and whoever comes while it is under way.
  const allowed = SLACK + MESSAGES_A_SECOND['request leases.take']! * CONNECTIONS * seconds;
  assert.ok(waits <= allowed, `${waits} of ${REQUESTS} requests waited for a lease`);

  const others = [gateway.process.pid, gateway.children().agent!];
  for (const pid of others) process.kill(pid, 'SIGSTOP');
  try {
    await ask(40);
  } finally {
    for (const pid of others) process.kill(pid, 'SIGCONT');
  }
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

/** Sends so many requests over the keep-alive connections; all have to be answered with 200. */
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

/** What the project's own code does goes by the clock and not by the request. */
function assertInBackground({ messages, timers }: DataPathCounts, seconds: number): void {
  for (const [kind, count] of Object.entries(messages)) {
    const allowed = SLACK + (MESSAGES_A_SECOND[kind] ?? 1) * seconds;
    assert.ok(count <= allowed, `${count} messages "${kind}" in ${seconds.toFixed(2)} s`);
  }
  const own = sum(timers, /^own set(Timeout|Interval|Immediate)$/);
  assert.ok(
    own <= SLACK + OWN_TIMERS_A_SECOND * seconds,
    `${own} timers of our own in ${seconds.toFixed(2)} s`,
  );
}

function sum(counts: Readonly<Record<string, number>>, names: RegExp): number {
  return Object.entries(counts).reduce((total, [name, count]) => total + (names.test(name) ? count : 0), 0);
}
