import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { EventsBody } from '@olla/admin-api/schema/events';
import type { StatusBody, StatusModelsBody } from '@olla/admin-api/schema/status';
import { assertError } from '@olla/testing/assert-response';
import { jsonResponse, whenComplete, type Respond } from '@olla/testing/raw-backend';
import { sendRaw } from '@olla/testing/raw-http';
import { postBytes, requestBytes } from '@olla/testing/request-bytes';
import { waitFor } from '@olla/testing/wait-for';
import { startWithBackends, type GatewayWithBackends } from '../../testing/gateway-with-backends.ts';

const SHARED = 'shared';
const ONLY_FIRST = 'only-first';
const TOKEN = 'token-of-the-test';
const SPECS = {
  first: { models: [SHARED, ONLY_FIRST], config: { priority: 100 } },
  second: { models: [SHARED], config: { priority: 50 } },
};
const OPTIONS = { workers: 3, adminToken: TOKEN, config: { proxy: { load_balancer: 'priority' } } };

const unavailable: Respond = (request) =>
  whenComplete(request, () => request.socket.write(jsonResponse({}, '502 Bad Gateway')));

type Gateway = GatewayWithBackends<'first' | 'second'>;

async function read<T>(port: number, path: string): Promise<T> {
  const bytes = requestBytes('GET', path, [`Authorization: Bearer ${TOKEN}`]);
  return JSON.parse((await sendRaw(port, bytes)).text()) as T;
}

async function rowAt(port: number): Promise<StatusBody['endpoints'][number]> {
  const { endpoints } = await read<StatusBody>(port, '/internal/status');
  return endpoints.find(({ name }) => name === 'first') ?? assert.fail();
}

/** All that one worker reports about the first endpoint and its models. */
async function answersAt(port: number): Promise<unknown> {
  const { serves, status, reason, since } = await rowAt(port);
  const listed = await read<{ data: { id: string }[] }>(port, '/olla/openai/v1/models');
  const unified = await read<{ data: { id: string; olla: { availability: unknown[] } }[] }>(
    port,
    '/olla/models',
  );
  const models = await read<StatusModelsBody>(port, '/internal/status/models');
  const health = await read<{ endpoints_routable: number }>(port, '/internal/health');
  return {
    status: { serves, status, reason, since },
    listed: listed.data.map(({ id }) => id),
    availability: unified.data.find(({ id }) => id === ONLY_FIRST)?.olla.availability,
    routableOn: models.recent_models.map(({ name, routable_on }) => [name, routable_on]),
    routable: health.endpoints_routable,
  };
}

async function assertAllAnswer({ gateway }: Gateway, status: string, reason: string): Promise<void> {
  const { since } = await rowAt(gateway.port);
  for (const port of gateway.ports) {
    assert.deepEqual(await answersAt(port), {
      status: { serves: false, status, reason, since },
      listed: [SHARED],
      availability: [
        { endpoint: 'first', state: status, type: 'openai-compatible', model: ONLY_FIRST, resident: true },
      ],
      routableOn: [
        [ONLY_FIRST, []],
        [SHARED, ['second']],
      ],
      routable: 1,
    });
  }
}

async function untilEveryWorkerSays({ gateway }: Gateway, status: string): Promise<void> {
  await waitFor(
    async () => {
      const rows = await Promise.all(gateway.ports.map(rowAt));
      return rows.every((row) => row.status === status);
    },
    { describe: `${status} at every worker`, intervalMs: 1 },
  );
}

describe('the status of an endpoint', () => {
  test('is ejected at every worker and in every list when its responses fail, with one line and one event', async (t) => {
    const started = await startWithBackends(t, SPECS, OPTIONS);
    const { gateway, backends, chat, send } = started;
    backends.first.respond = unavailable;
    for (let n = 0; n < 5; n += 1) assert.equal((await chat(ONLY_FIRST)).status, 502);
    await untilEveryWorkerSays(started, 'ejected');
    const reason = '5 of the last 5 requests failed (502)';
    await assertAllAnswer(started, 'ejected', reason);

    const line = await gateway.log.until('its line', (one) => one['event'] === 'ejected');
    assert.deepEqual([line['level'], line['msg']], ['warn', `endpoint first ejected: ${reason}`]);
    assert.equal(gateway.log.lines.filter((one) => one['event'] === 'ejected').length, 1);
    const { events } = await read<EventsBody>(gateway.ports[2] ?? 0, '/internal/events');
    const ejections = events.filter(({ kind }) => kind === 'ejected');
    assert.deepEqual(
      ejections.map(({ endpoint, from, to, reason: why, by }) => [endpoint, from, to, why, by]),
      [['first', 'healthy', 'ejected', reason, line['by']]],
    );
    // The planner agrees: models of another endpoint go there, and the rest to the ejected one with the fewest
    // ejections.
    assert.equal((await chat(SHARED)).header('x-olla-endpoint'), 'second');
    assert.equal(
      (await send(postBytes(JSON.stringify({ model: ONLY_FIRST })))).header('x-olla-endpoint'),
      'first',
    );
  });

  test('is draining at every worker and in every list when an operator drains it, and its models are 503', async (t) => {
    const started = await startWithBackends(t, SPECS, OPTIONS);
    const { gateway, chat, send } = started;
    const drain = requestBytes('POST', '/internal/endpoints/first/drain?force=true', [
      `Authorization: Bearer ${TOKEN}`,
      'X-Olla-Actor: ann@desk',
      'Content-Length: 0',
    ]);
    assert.equal((await send(drain)).status, 200);
    await untilEveryWorkerSays(started, 'draining');
    await assertAllAnswer(started, 'draining', 'drained by ann@desk (127.0.0.1)');
    const { message } = assertError(await chat(ONLY_FIRST), 503, 'MODEL_UNAVAILABLE');
    assert.equal(
      message,
      'no endpoint that has the model "only-first" is in service: first is draining. GET /internal/status shows more',
    );
    const retrieved = await send(requestBytes('GET', `/olla/openai/v1/models/${ONLY_FIRST}`));
    assert.match(
      assertError(retrieved, 503, 'MODEL_UNAVAILABLE').message,
      /only-first is known, but no endpoint of this route serves it now/,
    );
    const line = await gateway.log.until('its line', (one) => one['event'] === 'drained');
    assert.equal(line['msg'], 'endpoint first drained by ann@desk (127.0.0.1)');
  });
});
