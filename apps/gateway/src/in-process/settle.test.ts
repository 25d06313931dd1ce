import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { StatsModelsBody } from '@olla/admin-api/schema/stats';
import type { StatusBody } from '@olla/admin-api/schema/status';
import { chunk, jsonResponse, whenComplete, type Respond } from '@olla/testing/raw-backend';
import { CHAT, postBytes, requestBytes } from '@olla/testing/request-bytes';
import { startWithBackends, type GatewayWithBackends } from '../../testing/gateway-with-backends.ts';

const MODEL = 'counted';
const SPECS = { only: { models: [MODEL] } };
const BODY = `{"model":"${MODEL}"}`;
const withId = (id: string, body = BODY, path = CHAT): Buffer =>
  postBytes(body, [`X-Request-ID: ${id}`], path);

const respondWith =
  (bytes: string): Respond =>
  (request) =>
    whenComplete(request, () => request.socket.write(bytes));

type ModelRow = StatsModelsBody['models'][number];
async function modelRows({
  get,
}: Pick<GatewayWithBackends<string>, 'get'>): Promise<Record<string, ModelRow>> {
  const { models } = await get<StatsModelsBody>('/internal/stats/models');
  return Object.fromEntries(models.map((row) => [row.name, row]));
}

describe('the log line of a request', () => {
  test('has the requested model, the endpoint that served, the time and the bytes', async (t) => {
    const { gateway, send } = await startWithBackends(t, SPECS);
    const response = await send(withId('whole', BODY, `${CHAT}?key=secret`));
    const line = await gateway.log.request('whole');
    const { time, duration_ms: durationMs, ttfb_ms: firstByteMs, ...facts } = line;
    assert.match(String(time), /^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
    assert.ok(Number(firstByteMs) > 0 && Number(firstByteMs) <= Number(durationMs));
    assert.deepEqual(facts, {
      level: 'info',
      msg: 'request',
      id: 'whole',
      method: 'POST',
      path: CHAT,
      status: 200,
      client: '127.0.0.1',
      endpoint: 'only',
      model: MODEL,
      bytes_in: BODY.length,
      bytes_out: response.text().length,
    });
  });

  test('names the code of an error, and no endpoint if none was tried', async (t) => {
    const { gateway, send } = await startWithBackends(t, SPECS);
    await send(withId('unknown', '{"model":"unknown-model"}'));
    const line = await gateway.log.request('unknown');
    assert.deepEqual(
      [line['status'], line['error'], line['endpoint'], line['model']],
      [404, 'MODEL_NOT_FOUND', undefined, 'unknown-model'],
    );
  });

  test('is written for requests that are not relayed too', async (t) => {
    const { gateway, send } = await startWithBackends(t, SPECS);
    for (const [id, path, status] of [
      ['listed', '/olla/models', 200],
      ['system', '/internal/health', 200],
      ['nowhere', '/nope', 404],
    ] as const) {
      await send(requestBytes('GET', path, [`X-Request-ID: ${id}`]));
      const line = await gateway.log.request(id);
      assert.deepEqual([line['path'], line['status']], [path, status]);
    }
  });

  test('is not written if requests are not logged', async (t) => {
    const { gateway, send } = await startWithBackends(t, SPECS, {
      config: { server: { request_logging: false } },
    });
    await send(withId('silent'));
    assert.equal(gateway.log.lines.filter(({ msg }) => msg === 'request').length, 0);
  });

  test('has no prompts, answers, headers and queries', async (t) => {
    const { gateway, backends, send } = await startWithBackends(t, SPECS);
    backends.only.respond = respondWith(jsonResponse({ answer: 'private-answer' }));
    const body = `{"model":"${MODEL}","prompt":"private-prompt"}`;
    await send(
      postBytes(body, ['X-Request-ID: p', 'Authorization: Bearer private-key'], `${CHAT}?k=private-query`),
    );
    await gateway.log.request('p');
    assert.doesNotMatch(JSON.stringify(gateway.log.lines), /private/);
  });
});

describe('the statistics', () => {
  test('count each relayed request once, a 5xx of its backend as a failure and a 4xx as none', async (t) => {
    const { gateway, backends, send, status } = await startWithBackends(t, SPECS);
    for (const [id, code] of [
      ['a', '200 OK'],
      ['b', '404 Not Found'],
      ['c', '500 Oops'],
    ] as const) {
      backends.only.respond = respondWith(jsonResponse({}, code));
      await send(withId(id));
      await gateway.log.request(id);
    }
    const { system, endpoints, traffic } = await status();
    assert.deepEqual([system.total_requests, system.total_failures], [3, 1]);
    assert.deepEqual([traffic.requests_total, traffic.failures_total, traffic.cancelled_total], [3, 1, 0]);
    assert.deepEqual(
      endpoints.map(({ name, requests }) => [name, requests]),
      [['only', 3]],
    );
  });

  test('have a request as soon as its client has the response', async (t) => {
    const { connect } = await startWithBackends(t, SPECS);
    const client = await connect();
    for (let sent = 1; sent <= 20; sent += 1) {
      client.write(postBytes(BODY));
      await client.nextResponse();
      client.write(requestBytes('GET', '/internal/status'));
      const { system } = JSON.parse((await client.nextResponse()).text()) as StatusBody;
      assert.deepEqual([system.total_requests, system.in_flight], [sent, 0]);
    }
  });

  test('do not count responses of the gateway itself', async (t) => {
    const { send, status } = await startWithBackends(t, SPECS);
    for (const path of ['/olla/models', '/olla/openai/v1/models', '/internal/health', '/nope'])
      await send(requestBytes('GET', path));
    assert.equal((await status()).system.total_requests, 0);
  });

  test('count an unreachable fleet as a failure, and an error of the client as none', async (t) => {
    const { gateway, backends, send, status } = await startWithBackends(t, SPECS);
    await send(withId('bad', '[]'));
    await gateway.log.request('bad');
    assert.equal((await status()).system.total_failures, 0);
    await backends.only.close();
    await send(withId('unreachable'));
    await gateway.log.request('unreachable');
    assert.equal((await status()).system.total_failures, 1);
  });

  test('count the bytes of both bodies, and of a body that streams', async (t) => {
    const { gateway, send, status } = await startWithBackends(t, SPECS);
    const large = `{"model":"${MODEL}","input":"${'x'.repeat(300_000)}"}`;
    await send(withId('small'));
    await send(withId('large', large));
    await gateway.log.request('large');
    const { traffic } = await status();
    assert.equal(traffic.bytes_in_total, BODY.length + large.length);
    assert.equal(traffic.bytes_out_total, 2 * '{"ok":true}'.length);
  });

  test('count refusals by size', async (t) => {
    const { gateway, send, status } = await startWithBackends(t, SPECS, {
      config: { server: { request_limits: { max_body_size: 10 } } },
    });
    await send(withId('large'));
    await gateway.log.request('large');
    assert.equal((await status()).security.violations.size_limits, 1);
  });

  for (const [what, bytes] of [
    [
      'an event stream',
      `HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n${chunk('data: {"choices":[]}\n\n')}${chunk('data: {"choices":[],"usage":{"prompt_tokens":11,"completion_tokens":7}}\n\ndata: [DONE]\n\n')}0\r\n\r\n`,
    ],
    ['a JSON body', jsonResponse({ choices: [], usage: { prompt_tokens: 11, completion_tokens: 7 } })],
    [
      'NDJSON',
      `HTTP/1.1 200 OK\r\nContent-Type: application/x-ndjson\r\nTransfer-Encoding: chunked\r\n\r\n${chunk('{"done":false}\n')}${chunk('{"done":true,"prompt_eval_count":11,"eval_count":7}\n')}0\r\n\r\n`,
    ],
  ] as const)
    test(`take the tokens from the report in ${what}`, async (t) => {
      const { gateway, backends, send, status } = await startWithBackends(t, SPECS);
      backends.only.respond = respondWith(bytes);
      await send(withId('tokens'));
      await gateway.log.request('tokens');
      const { traffic } = await status();
      assert.deepEqual([traffic.tokens_in_total, traffic.tokens_out_total], [11, 7]);
    });
});

describe('the statistics of a model', () => {
  test('count hits, misses while it is not in service, and the clients that requested it', async (t) => {
    const fixture = await startWithBackends(t, SPECS);
    const { gateway, send } = fixture;
    await send(withId('hit-1'));
    await send(withId('hit-2'));
    await gateway.log.request('hit-2');
    await gateway.agent.publish({ only: { state: 'offline' } });
    await send(withId('miss'));
    await gateway.log.request('miss');
    const { [MODEL]: row } = await modelRows(fixture);
    assert.deepEqual(
      [row?.total_requests, row?.routing_hits, row?.routing_misses, row?.unique_clients],
      [2, 2, 1, 1],
    );
  });

  test('have one row for a model, under any name that was requested or that an endpoint has', async (t) => {
    const specs = {
      tagged: { models: ['llama3:latest'], type: 'ollama' as const },
      plain: { models: ['llama3'] },
    };
    const fixture = await startWithBackends(t, specs, {
      config: { model_aliases: { chat: ['llama3'] } },
    });
    const { gateway, send } = fixture;
    const sendChat = async (id: string, model: string, target: string): Promise<void> => {
      await send(postBytes(JSON.stringify({ model }), [`X-Request-ID: ${id}`, `X-Olla-Target: ${target}`]));
      await gateway.log.request(id);
    };
    await sendChat('a', 'llama3', 'tagged');
    await sendChat('b', 'llama3:latest', 'plain');
    await sendChat('c', 'LLAMA3', 'plain');
    await sendChat('d', 'chat', 'tagged');
    await gateway.agent.publish({ tagged: { state: 'offline' }, plain: { state: 'offline' } });
    await sendChat('e', 'chat', 'plain');
    await sendChat('f', 'Llama3:latest', 'plain');
    const rows = Object.values(await modelRows(fixture));
    assert.deepEqual(
      rows.map((row) => [row.name, row.total_requests, row.routing_hits, row.routing_misses]),
      [['llama3:latest', 4, 4, 2]],
    );
  });

  test('have no row for an unknown model', async (t) => {
    const fixture = await startWithBackends(t, SPECS);
    await fixture.send(withId('unknown', '{"model":"unknown-model"}'));
    await fixture.gateway.log.request('unknown');
    assert.deepEqual(await modelRows(fixture), {});
  });

  test('count a fallback for the requested model', async (t) => {
    const fixture = await startWithBackends(t, SPECS, {
      config: {
        model_registry: { routing_strategy: { type: 'optimistic', options: { fallback_behavior: 'all' } } },
      },
    });
    await fixture.send(withId('fallback', '{"model":"other"}'));
    await fixture.gateway.log.request('fallback');
    const { other } = await modelRows(fixture);
    assert.deepEqual([other?.routing_fallbacks, other?.routing_hits], [1, 0]);
  });
});
