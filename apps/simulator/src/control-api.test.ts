import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { startSimulatedFleet, type SimulatedFleet } from './simulated-fleet.ts';
import { sendRaw, getRequest, connectRaw, postRequest } from '../testing/raw-connection.ts';

let fleet: SimulatedFleet;
before(async () => {
  fleet = await startSimulatedFleet({
    timeScale: 100,
    controlPort: 0,
    servers: [
      { name: 'desk', type: 'ollama', models: [{ name: 'tiny:1b', loaded: true }] },
      { name: 'vllm', type: 'vllm', models: [{ name: 'tiny', decodeTps: 5, answerTokens: 2_000 }] },
    ],
  });
});
after(() => fleet.close());

async function control(
  method: string,
  path: string,
  body?: unknown,
): Promise<{ status: number; value: Record<string, unknown> }> {
  const response = await fetch(`${fleet.controlUrl ?? ''}${path}`, {
    method,
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return { status: response.status, value: (await response.json()) as Record<string, unknown> };
}

test('lists the servers with their state', async () => {
  const { value } = await control('GET', '/servers');
  const servers = value['servers'] as { name: string; type: string; models: unknown }[];
  assert.deepEqual(
    servers.map((server) => [server.name, server.type]),
    [
      ['desk', 'ollama'],
      ['vllm', 'vllm'],
    ],
  );
  assert.deepEqual(servers[0]?.models, [{ name: 'tiny:1b', resident: true }]);
});

test('adds and ends faults', async () => {
  const { port } = fleet.server('vllm');
  const added = await control('POST', '/servers/vllm/faults', { kind: 'status', status: 503 });
  assert.equal(added.value['kind'], 'status');
  assert.equal((await sendRaw(port, getRequest('/health'))).status, 503);
  await control('DELETE', `/servers/vllm/faults/${String(added.value['id'])}`);
  assert.equal((await sendRaw(port, getRequest('/health'))).status, 200);
});

test('lists the requests that a server received, with bodies while they are captured', async () => {
  await control('DELETE', '/servers/desk/requests');
  await control('PUT', '/servers/desk/capture', { bodies: true });
  await sendRaw(
    fleet.server('desk').port,
    postRequest('/api/show?x=1', { model: 'tiny:1b' }, ['X-Trace: a', 'x-trace: b']),
  );
  const { value } = await control('GET', '/servers/desk/requests?limit=1');
  const [request] = value['requests'] as Record<string, unknown>[];
  assert.equal(request?.['target'], '/api/show?x=1');
  assert.equal(request?.['body'], '{"model":"tiny:1b"}');
  assert.equal(request?.['bodyBytes'], 19);
  assert.deepEqual((request?.['rawHeaders'] as string[]).slice(-4), ['X-Trace', 'a', 'x-trace', 'b']);
});

test('adds and removes models, and loads the models of the start again after a crash', async () => {
  await control('POST', '/servers/desk/models', { name: 'new:7b', loaded: true });
  const names = (): string[] =>
    fleet
      .server('desk')
      .snapshot()
      .models.map((model) => model.name);
  assert.deepEqual(names(), ['tiny:1b', 'new:7b']);
  await control('DELETE', '/servers/desk/models/new:7b');
  assert.deepEqual(names(), ['tiny:1b']);
  assert.equal((await control('POST', '/servers/desk/crash')).status, 200);
  assert.deepEqual(fleet.server('desk').snapshot().models, [{ name: 'tiny:1b', resident: true }]);
});

test('resets running requests on a crash and counts them as broken off, not as clients that left', async () => {
  const server = fleet.server('vllm');
  server.resetCounters();
  const running = connectRaw(server.port);
  running.send(
    postRequest('/v1/chat/completions', { messages: [{ role: 'user', content: 'hi' }], stream: true }),
  );
  await running.response({ headOnly: true });
  server.crash();
  assert.equal(await running.closed, 'ECONNRESET');
  const { counters, active, running: slots } = server.snapshot();
  assert.deepEqual([counters.brokenOff, counters.clientLeft, active, slots], [1, 0, 0, 0]);
  assert.equal((await sendRaw(server.port, getRequest('/health'))).status, 200);
});

test('answers 404 for an unknown server or path, and 400 for a body that is not valid', async () => {
  assert.match(
    String((await control('GET', '/servers/nope')).value['error']),
    /no simulated server is named "nope"\. The servers are desk, vllm/,
  );
  const bad = await control('POST', '/servers/vllm/faults', { kind: 'explode' });
  assert.equal(bad.status, 400);
  assert.match(String(bad.value['error']), /^kind: /);
  assert.equal((await control('POST', '/elsewhere')).status, 404);
});
