import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { startSimulatedFleet, type SimulatedFleet } from '../../simulated-fleet.ts';
import type { SimulatedServer } from '../../simulated-server.ts';
import { sendRaw, getRequest, connectRaw, postRequest } from '../../../testing/raw-connection.ts';
import { waitUntil } from '../../../testing/wait-until.ts';

let fleet: SimulatedFleet;
let server: SimulatedServer;
before(async () => {
  fleet = await startSimulatedFleet({
    servers: [{ name: 'fast', type: 'fast', models: ['m'], fast: { chunks: 5, chunkIntervalMs: 8 } }],
  });
  server = fleet.server('fast');
});
after(() => fleet.close());

test('answers each request of a connection with 1 KiB of JSON', async () => {
  const connection = connectRaw(server.port);
  for (let at = 0; at < 3; at++) {
    connection.send(postRequest('/v1/chat/completions', { model: 'm', messages: [] }));
    const response = await connection.response();
    assert.equal(response.body.length, 1024);
    assert.equal((JSON.parse(response.body) as { model: string }).model, 'm');
  }
  connection.send(getRequest('/v1/models') + getRequest('/health'));
  assert.match((await connection.response()).body, /"id":"m"/);
  assert.equal((await connection.response()).body, '{"status":"ok"}');
  connection.destroy();
});

test('sends the chunks of a stream at the given pace and ends it with [DONE]', async () => {
  const startedAt = performance.now();
  const response = await sendRaw(
    server.port,
    postRequest('/v1/chat/completions', { model: 'm', stream: true }),
  );
  assert.equal(response.chunks.length, 6);
  assert.equal(response.chunks.at(-1), 'data: [DONE]\n\n');
  assert.ok(performance.now() - startedAt >= 5 * 8 - 8);
});

test('reads uploads with a length or in chunks, wherever the packets split them', async () => {
  const before = server.snapshot().counters.bodyBytes;
  const connection = connectRaw(server.port);
  const body = 'x'.repeat(300_000);
  connection.send(postRequest('/upload', body));
  assert.equal((await connection.response()).status, 200);
  assert.equal(server.snapshot().counters.bodyBytes - before, 300_000);
  const chunked =
    'POST /upload HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n';
  for (const cut of [10, 60, 70, chunked.length - 3]) {
    connection.send(chunked.slice(0, cut));
    await new Promise((resolve) => setImmediate(resolve));
    connection.send(chunked.slice(cut));
    assert.equal((await connection.response()).status, 200);
  }
  connection.destroy();
});

test('stops a stream and counts the client when it leaves', async () => {
  const connection = connectRaw(server.port);
  connection.send(postRequest('/v1/chat/completions', { stream: true }));
  await connection.response({ headOnly: true });
  connection.destroy();
  await waitUntil(() => server.snapshot().active === 0);
  assert.equal(server.snapshot().counters.clientLeft, 1);
});
