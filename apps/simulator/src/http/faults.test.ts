import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import type { Fleet, FleetServer } from '../fleet.ts';
import { startFleet } from '../start-fleet.ts';
import { askRaw, getRequest, openRaw, postRequest } from '../testing/raw-exchange.ts';
import { until } from '../testing/until.ts';

const chat = { model: 'tiny', messages: [{ role: 'user', content: 'hi' }], max_tokens: 20 };
const streamed = postRequest('/v1/chat/completions', { ...chat, stream: true });

let fleet: Fleet;
let server: FleetServer;
before(async () => {
  fleet = await startFleet({
    timeScale: 100,
    servers: [{ name: 'vllm', type: 'vllm', models: [{ name: 'tiny', decodeTps: 5, answerTokens: 2_000 }] }],
  });
  server = fleet.server('vllm');
});
afterEach(async () => {
  await server.clearFaults();
  server.resetCounters();
});
after(() => fleet.close());

test('refuse closes the port and idle connections; clearing opens the same port again', async () => {
  const idle = openRaw(server.port);
  idle.send(getRequest('/health'));
  await idle.answer();
  await server.addFault({ kind: 'refuse' });
  assert.equal(await idle.closed, 'end');
  assert.equal(await openRaw(server.port).closed, 'ECONNREFUSED');
  await server.clearFaults();
  assert.equal((await askRaw(server.port, getRequest('/health'))).status, 200);
});

test('refuse lets a running stream end, unless it resets', async () => {
  const running = openRaw(server.port);
  running.send(postRequest('/v1/chat/completions', { ...chat, max_tokens: 2_000, stream: true }));
  await running.answer({ headOnly: true });
  await server.addFault({ kind: 'refuse' });
  const got = running.pending.length;
  await running.arrived(got + 1);
  await server.addFault({ kind: 'refuse', how: 'reset' });
  assert.equal(await running.closed, 'ECONNRESET');
});

test('reset, garbage and a count', async () => {
  await server.addFault({ kind: 'reset', count: 1 });
  const reset = openRaw(server.port);
  reset.send(streamed);
  assert.equal(await reset.closed, 'ECONNRESET');
  await server.addFault({ kind: 'garbage', count: 1 });
  const garbage = openRaw(server.port);
  garbage.send(streamed);
  assert.equal(await garbage.closed, 'end');
  assert.ok(garbage.pending.length > 0 && !garbage.pending.startsWith('HTTP/'));
  assert.equal((await askRaw(server.port, streamed)).status, 200, 'both are used up');
});

test('a status with Retry-After, only on the path and method it names', async () => {
  await server.addFault({ kind: 'status', status: 429, retryAfterS: 2, path: '/v1/chat', method: 'POST' });
  const struck = await askRaw(server.port, streamed);
  assert.deepEqual([struck.status, struck.header('retry-after')], [429, '2']);
  assert.equal((await askRaw(server.port, getRequest('/v1/models'))).status, 200);
  assert.equal(server.requests().at(0)?.fault, 'status');
});

test('hanging before the head, and after it, until the client leaves', async () => {
  await server.addFault({ kind: 'hang-before-head', count: 1 });
  const before = openRaw(server.port);
  before.send(streamed);
  await server.addFault({ kind: 'hang-after-head', count: 1 });
  await until(() => server.snapshot().active === 1);
  const afterHead = openRaw(server.port);
  afterHead.send(streamed);
  assert.equal((await afterHead.answer({ headOnly: true })).status, 200);
  await until(() => server.snapshot().running === 0);
  assert.equal(afterHead.pending, '', 'the answer was made, none of it was sent');
  assert.equal(before.pending, '');
  before.destroy();
  afterHead.destroy();
  await until(() => server.snapshot().active === 0);
  assert.equal(server.snapshot().counters.clientLeft, 2);
});

test('dying in mid-stream after n chunks, by reset or by a clean end without the last chunk', async () => {
  await server.addFault({ kind: 'die-mid-stream', afterChunks: 3, how: 'close', count: 1 });
  const ended = openRaw(server.port);
  ended.send(streamed);
  await ended.answer({ headOnly: true });
  assert.equal(await ended.closed, 'end');
  assert.equal(ended.pending.match(/data: /g)?.length, 3);
  assert.doesNotMatch(ended.pending, /\r\n0\r\n/);
  await server.addFault({ kind: 'die-mid-stream', count: 1 });
  const reset = openRaw(server.port);
  reset.send(streamed);
  assert.equal(await reset.closed, 'ECONNRESET');
  assert.equal(server.snapshot().counters.brokenOff, 2);
});

test('dying in the middle of a body with a length', async () => {
  await server.addFault({ kind: 'die-mid-stream', how: 'close', path: '/v1/models' });
  const connection = openRaw(server.port);
  connection.send(getRequest('/v1/models'));
  const head = await connection.answer({ headOnly: true });
  await connection.closed;
  assert.ok(
    connection.pending.length > 0 && connection.pending.length < Number(head.header('content-length')),
  );
});

test('a slow answer is the same answer', async () => {
  const normal = await askRaw(server.port, getRequest('/version'));
  await server.addFault({ kind: 'slow', delayMs: 30, bytesPerS: 400 });
  const startedAt = performance.now();
  const slow = await askRaw(server.port, getRequest('/version'));
  assert.equal(slow.body, normal.body);
  assert.ok(performance.now() - startedAt >= 60);
});

test('an idle connection closed early, though its head promised more', async () => {
  await server.addFault({ kind: 'close-idle' });
  const connection = openRaw(server.port);
  connection.send(getRequest('/version'));
  assert.equal((await connection.answer()).header('connection'), undefined);
  assert.equal(await connection.closed, 'end');
});

test('a probability strikes some requests, the same ones for the same seed', async () => {
  const strikes = async (): Promise<boolean[]> => {
    const own = await startFleet({
      seed: 5,
      servers: [
        { name: 's', type: 'vllm', models: ['tiny'], faults: [{ kind: 'status', probability: 0.5 }] },
      ],
    });
    const hit: boolean[] = [];
    for (let at = 0; at < 30; at++)
      hit.push((await askRaw(own.server('s').port, getRequest('/version'))).status === 500);
    await own.close();
    return hit;
  };
  const hits = await strikes();
  const share = hits.filter(Boolean).length;
  assert.ok(share > 5 && share < 25, `${share} of 30`);
  assert.deepEqual(await strikes(), hits);
});
