import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { startSimulatedFleet, type SimulatedFleet } from '../simulated-fleet.ts';
import type { SimulatedServer } from '../simulated-server.ts';
import { sendRaw, getRequest, connectRaw, postRequest } from '../../testing/raw-connection.ts';
import { waitUntil } from '../../testing/wait-until.ts';

const chat = { model: 'tiny', messages: [{ role: 'user', content: 'hi' }], max_tokens: 20 };
const streamed = postRequest('/v1/chat/completions', { ...chat, stream: true });

let fleet: SimulatedFleet;
let server: SimulatedServer;
before(async () => {
  fleet = await startSimulatedFleet({
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

test('refuse: closes the port and idle connections, and opens the same port again when cleared', async () => {
  const idle = connectRaw(server.port);
  idle.send(getRequest('/health'));
  await idle.response();
  await server.addFault({ kind: 'refuse' });
  assert.equal(await idle.closed, 'end');
  assert.equal(await connectRaw(server.port).closed, 'ECONNREFUSED');
  await server.clearFaults();
  assert.equal((await sendRaw(server.port, getRequest('/health'))).status, 200);
});

test('refuse: lets a running stream go on, and resets it with how: reset', async () => {
  const running = connectRaw(server.port);
  running.send(postRequest('/v1/chat/completions', { ...chat, max_tokens: 2_000, stream: true }));
  await running.response({ headOnly: true });
  await server.addFault({ kind: 'refuse' });
  const got = running.pending.length;
  await running.received(got + 1);
  await server.addFault({ kind: 'refuse', how: 'reset' });
  assert.equal(await running.closed, 'ECONNRESET');
});

test('reset and garbage: end after the number of requests in count', async () => {
  await server.addFault({ kind: 'reset', count: 1 });
  const reset = connectRaw(server.port);
  reset.send(streamed);
  assert.equal(await reset.closed, 'ECONNRESET');
  await server.addFault({ kind: 'garbage', count: 1 });
  const garbage = connectRaw(server.port);
  garbage.send(streamed);
  assert.equal(await garbage.closed, 'end');
  assert.ok(garbage.pending.length > 0 && !garbage.pending.startsWith('HTTP/'));
  assert.equal((await sendRaw(server.port, streamed)).status, 200, 'both faults have ended');
});

test('status: answers with status and Retry-After, only on the given path and method', async () => {
  await server.addFault({ kind: 'status', status: 429, retryAfterS: 2, path: '/v1/chat', method: 'POST' });
  const struck = await sendRaw(server.port, streamed);
  assert.deepEqual([struck.status, struck.header('retry-after')], [429, '2']);
  assert.equal((await sendRaw(server.port, getRequest('/v1/models'))).status, 200);
  assert.equal(server.requests().at(0)?.fault, 'status');
});

test('hang-before-head and hang-after-head: send nothing more until the client leaves', async () => {
  await server.addFault({ kind: 'hang-before-head', count: 1 });
  const before = connectRaw(server.port);
  before.send(streamed);
  await server.addFault({ kind: 'hang-after-head', count: 1 });
  await waitUntil(() => server.snapshot().active === 1);
  const afterHead = connectRaw(server.port);
  afterHead.send(streamed);
  assert.equal((await afterHead.response({ headOnly: true })).status, 200);
  await waitUntil(() => server.snapshot().running === 0);
  assert.equal(afterHead.pending, '', 'the body is complete, and none of it was sent');
  assert.equal(before.pending, '');
  before.destroy();
  afterHead.destroy();
  await waitUntil(() => server.snapshot().active === 0);
  assert.equal(server.snapshot().counters.clientLeft, 2);
});

test('die-mid-stream: cuts a stream after n chunks, by a reset or by an end without the last chunk', async () => {
  await server.addFault({ kind: 'die-mid-stream', afterChunks: 3, how: 'close', count: 1 });
  const ended = connectRaw(server.port);
  ended.send(streamed);
  await ended.response({ headOnly: true });
  assert.equal(await ended.closed, 'end');
  assert.equal(ended.pending.match(/data: /g)?.length, 3);
  assert.doesNotMatch(ended.pending, /\r\n0\r\n/);
  await server.addFault({ kind: 'die-mid-stream', count: 1 });
  const reset = connectRaw(server.port);
  reset.send(streamed);
  assert.equal(await reset.closed, 'ECONNRESET');
  assert.equal(server.snapshot().counters.brokenOff, 2);
});

test('die-mid-stream: cuts a body that has a length in its middle', async () => {
  await server.addFault({ kind: 'die-mid-stream', how: 'close', path: '/v1/models' });
  const connection = connectRaw(server.port);
  connection.send(getRequest('/v1/models'));
  const head = await connection.response({ headOnly: true });
  await connection.closed;
  assert.ok(
    connection.pending.length > 0 && connection.pending.length < Number(head.header('content-length')),
  );
});

test('slow: sends the same response later and at the given rate', async () => {
  const normal = await sendRaw(server.port, getRequest('/version'));
  await server.addFault({ kind: 'slow', delayMs: 30, bytesPerS: 400 });
  const startedAt = performance.now();
  const slow = await sendRaw(server.port, getRequest('/version'));
  assert.equal(slow.body, normal.body);
  assert.ok(performance.now() - startedAt >= 60);
});

test('close-idle: closes the connection after a response whose head announced no close', async () => {
  await server.addFault({ kind: 'close-idle' });
  const connection = connectRaw(server.port);
  connection.send(getRequest('/version'));
  assert.equal((await connection.response()).header('connection'), undefined);
  assert.equal(await connection.closed, 'end');
});

test('probability: affects the same share of requests for the same seed', async () => {
  const strikes = async (): Promise<boolean[]> => {
    const own = await startSimulatedFleet({
      seed: 5,
      servers: [
        { name: 's', type: 'vllm', models: ['tiny'], faults: [{ kind: 'status', probability: 0.5 }] },
      ],
    });
    const hit: boolean[] = [];
    for (let at = 0; at < 30; at++)
      hit.push((await sendRaw(own.server('s').port, getRequest('/version'))).status === 500);
    await own.close();
    return hit;
  };
  const hits = await strikes();
  const share = hits.filter(Boolean).length;
  assert.ok(share > 5 && share < 25, `${share} of 30`);
  assert.deepEqual(await strikes(), hits);
});
