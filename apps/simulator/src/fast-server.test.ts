import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Fleet, FleetServer } from './fleet.ts';
import { startFleet } from './start-fleet.ts';
import { askRaw, getRequest, openRaw, postRequest } from './testing/raw-exchange.ts';
import { until } from './testing/until.ts';

let fleet: Fleet;
let server: FleetServer;
before(async () => {
  fleet = await startFleet({
    servers: [{ name: 'fast', type: 'fast', models: ['m'], fast: { chunks: 5, chunkIntervalMs: 8 } }],
  });
  server = fleet.server('fast');
});
after(() => fleet.close());

test('answers one KiB of JSON, request after request on one connection', async () => {
  const connection = openRaw(server.port);
  for (let at = 0; at < 3; at++) {
    connection.send(postRequest('/v1/chat/completions', { model: 'm', messages: [] }));
    const answer = await connection.answer();
    assert.equal(answer.body.length, 1024);
    assert.equal((JSON.parse(answer.body) as { model: string }).model, 'm');
  }
  connection.send(getRequest('/v1/models') + getRequest('/health'));
  assert.match((await connection.answer()).body, /"id":"m"/);
  assert.equal((await connection.answer()).body, '{"status":"ok"}');
  connection.destroy();
});

test('paces the chunks of a stream and ends it with [DONE]', async () => {
  const startedAt = performance.now();
  const answer = await askRaw(server.port, postRequest('/v1/chat/completions', { model: 'm', stream: true }));
  assert.equal(answer.chunks.length, 6);
  assert.equal(answer.chunks.at(-1), 'data: [DONE]\n\n');
  assert.ok(performance.now() - startedAt >= 5 * 8 - 8);
});

test('swallows uploads with a length or in chunks, cut anywhere', async () => {
  const before = server.snapshot().counters.bodyBytes;
  const connection = openRaw(server.port);
  const body = 'x'.repeat(300_000);
  connection.send(postRequest('/upload', body));
  assert.equal((await connection.answer()).status, 200);
  assert.equal(server.snapshot().counters.bodyBytes - before, 300_000);
  const chunked =
    'POST /upload HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n';
  for (const cut of [10, 60, 70, chunked.length - 3]) {
    connection.send(chunked.slice(0, cut));
    await new Promise((resolve) => setImmediate(resolve));
    connection.send(chunked.slice(cut));
    assert.equal((await connection.answer()).status, 200);
  }
  connection.destroy();
});

test('a client that leaves its stream is counted out', async () => {
  const connection = openRaw(server.port);
  connection.send(postRequest('/v1/chat/completions', { stream: true }));
  await connection.answer({ headOnly: true });
  connection.destroy();
  await until(() => server.snapshot().active === 0);
  assert.equal(server.snapshot().counters.clientLeft, 1);
});
