import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { assertError } from '@olla/testing/assert-response';
import { sendRaw, type RawResponse } from '@olla/testing/raw-http';
import { postBytes } from '@olla/testing/request-bytes';
import { waitFor } from '@olla/testing/wait-for';
import { startWithBackends } from '../../testing/gateway-with-backends.ts';

const MODEL = 'shared';
const FIRST = { models: [MODEL, 'only-first'], config: { priority: 100 } };
const SECOND = { models: [MODEL], config: { priority: 50 } };
const BY_PRIORITY = { config: { proxy: { load_balancer: 'priority' } } };

function routingOf(response: RawResponse): (string | undefined)[] {
  return ['strategy', 'decision', 'reason'].map((part) => response.header(`x-olla-routing-${part}`));
}
const discovery = (options: object) => ({
  config: { model_registry: { routing_strategy: { type: 'discovery', options } } },
});

describe('which endpoint a request goes to', () => {
  test('is the one that has the model, and a header names the reason', async (t) => {
    const { chat } = await startWithBackends(t, { first: FIRST, second: SECOND });
    const response = await chat('only-first');
    assert.equal(response.header('x-olla-endpoint'), 'first');
    assert.deepEqual(routingOf(response), ['strict', 'routed', 'model_found']);
  });

  test('follows the newest snapshot: a pulled model is served, a removed one is not', async (t) => {
    const { gateway, chat } = await startWithBackends(t, { first: FIRST });
    assertError(await chat('pulled'), 404, 'MODEL_NOT_FOUND');
    await gateway.agent.publish({ first: { models: ['pulled'] } });
    assert.equal((await chat('pulled')).status, 200);
    assertError(await chat(MODEL), 404, 'MODEL_NOT_FOUND');
  });

  test('is another one while the agent sees the first as offline', async (t) => {
    const { gateway, chat } = await startWithBackends(t, { first: FIRST, second: SECOND }, BY_PRIORITY);
    assert.equal((await chat(MODEL)).header('x-olla-endpoint'), 'first');
    await gateway.agent.publish({ first: { state: 'offline', reason: 'connection refused' } });
    assert.equal((await chat(MODEL)).header('x-olla-endpoint'), 'second');
    await gateway.agent.publish({ first: { state: 'healthy', reason: '' } });
    assert.equal((await chat(MODEL)).header('x-olla-endpoint'), 'first');
  });

  for (const state of ['busy', 'warming'] as const)
    test(`may be one that is ${state}`, async (t) => {
      const { gateway, chat } = await startWithBackends(t, { first: FIRST });
      await gateway.agent.publish({ first: { state } });
      assert.equal((await chat(MODEL)).status, 200);
    });

  test('is none that an operator drained', async (t) => {
    const { gateway, chat } = await startWithBackends(t, { first: FIRST, second: SECOND }, BY_PRIORITY);
    await gateway.state.control.change({ action: 'drain', endpoint: 'first', by: 'test' });
    assert.equal((await chat(MODEL)).header('x-olla-endpoint'), 'second');
    await gateway.state.control.change({ action: 'resume', endpoint: 'first', by: 'test' });
    assert.equal((await chat(MODEL)).header('x-olla-endpoint'), 'first');
  });

  test('is none that was ejected because connections to it fail, while another is in service', async (t) => {
    const { backends, chat } = await startWithBackends(t, { first: FIRST, second: SECOND }, BY_PRIORITY);
    await backends.first.close();
    for (let n = 0; n < 8; n += 1)
      assert.equal((await chat(MODEL)).header('x-olla-endpoint'), 'second', 'no request is lost to it');
  });

  test('is an ejected one while there is no other, until the agent reports that it does not serve', async (t) => {
    const { gateway, backends, chat } = await startWithBackends(t, { first: FIRST, second: SECOND });
    await backends.first.close();
    for (let n = 0; n < 4; n += 1) assertError(await chat('only-first'), 502, 'BACKEND_ERROR');
    await gateway.agent.publish({ first: { state: 'offline', reason: 'connection refused' } });
    assertError(await chat('only-first'), 503, 'MODEL_UNAVAILABLE');
  });

  test('is the one that X-Olla-Target names, if it has the model', async (t) => {
    const { chat } = await startWithBackends(t, { first: FIRST, second: SECOND }, BY_PRIORITY);
    assert.equal((await chat(MODEL, ['X-Olla-Target: second'])).header('x-olla-endpoint'), 'second');
    assert.equal((await chat('only-first', ['X-Olla-Target: second'])).header('x-olla-endpoint'), 'first');
  });

  test('alternates with round-robin', async (t) => {
    const { chat } = await startWithBackends(
      t,
      { first: { models: [MODEL] }, second: { models: [MODEL] } },
      { config: { proxy: { load_balancer: 'round-robin' } } },
    );
    const names: (string | undefined)[] = [];
    for (let n = 0; n < 6; n += 1) names.push((await chat(MODEL)).header('x-olla-endpoint'));
    assert.equal(names.filter((name) => name === 'first').length, 3);
    assert.ok(names.every((name, n) => n === 0 || name !== names[n - 1]));
  });

  test('is the one with fewer requests in flight by least-connections, those of other workers included', async (t) => {
    const { gateway, backends, connect, inFlight } = await startWithBackends(
      t,
      { first: { models: [MODEL] }, second: { models: [MODEL] } },
      { config: { proxy: { load_balancer: 'least-connections' } }, workers: 2 },
    );
    for (const backend of Object.values(backends)) backend.respond = () => undefined;
    const client = await connect();
    client.write(postBytes(`{"model":"${MODEL}"}`));
    await waitFor(async () => Object.keys(await inFlight()).length === 1, {
      describe: 'one request in flight',
      intervalMs: 1,
    });
    const [busy = ''] = Object.keys(await inFlight());
    for (const backend of Object.values(backends))
      backend.respond = ({ socket }) => void socket.write('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n');
    const bytes = postBytes(`{"model":"${MODEL}"}`);
    for (const port of gateway.ports) {
      // This worker's data about short requests of others may be a few milliseconds old.
      let inARow = 0;
      await waitFor(
        async () => {
          const response = await sendRaw(port, bytes);
          inARow = response.header('x-olla-endpoint') === busy ? 0 : inARow + 1;
          return inARow === 8;
        },
        { describe: 'the worker to avoid the busy endpoint', intervalMs: 2 },
      );
    }
  });
});

describe('a model', () => {
  test('answers 404 and is named when no endpoint knows it', async (t) => {
    const { chat } = await startWithBackends(t, { first: FIRST });
    const response = await chat('no-such-model');
    assert.match(assertError(response, 404, 'MODEL_NOT_FOUND').message, /no-such-model/);
    assert.deepEqual(routingOf(response), ['strict', 'rejected', 'model_not_found']);
  });

  test('answers 503 and names the endpoints that have it when none of them is in service', async (t) => {
    const { gateway, chat } = await startWithBackends(t, { first: FIRST, second: SECOND });
    await gateway.agent.publish({ first: { state: 'offline', reason: 'connection refused' } });
    const response = await chat('only-first');
    assert.match(assertError(response, 503, 'MODEL_UNAVAILABLE').message, /only-first[^]*first is offline/);
    assert.deepEqual(routingOf(response), ['strict', 'rejected', 'model_unavailable']);
  });

  test('answers 503 when its only endpoint is drained', async (t) => {
    const { gateway, chat } = await startWithBackends(t, { first: FIRST, second: SECOND });
    await gateway.state.control.change({ action: 'drain', endpoint: 'first', by: 'test' });
    assert.match(assertError(await chat('only-first'), 503, 'MODEL_UNAVAILABLE').message, /first[^]*drain/);
  });

  test('is served in any spelling of its case, under the name that the endpoint has for it', async (t) => {
    const { backends, chat } = await startWithBackends(t, { first: { models: ['Org/Native-Model'] } });
    const response = await chat('org/native-MODEL');
    assert.deepEqual([response.status, response.header('x-olla-model')], [200, 'Org/Native-Model']);
    assert.match(backends.first.requests[0]?.body().toString() ?? '', /"model":"Org\/Native-Model"/);
  });
});

describe('the field `model`', () => {
  const SPECS = { other: { models: ['chat-1'] }, media: { models: ['image-1', 'rerank-1', 'whisper-1'] } };

  for (const [path, model] of [
    ['chat/completions', 'chat-1'],
    ['completions', 'chat-1'],
    ['embeddings', 'chat-1'],
    ['responses', 'chat-1'],
    ['images/generations', 'image-1'],
    ['rerank', 'rerank-1'],
    ['audio/speech', 'whisper-1'],
    ['moderations', 'whisper-1'],
  ] as const)
    test(`decides the endpoint on a path that takes JSON: /v1/${path}`, async (t) => {
      const { send } = await startWithBackends(t, SPECS);
      const response = await send(
        postBytes(JSON.stringify({ input: 'x', model: model.toUpperCase() }), [], `/olla/openai/v1/${path}`),
      );
      assert.equal(response.header('x-olla-endpoint'), model === 'chat-1' ? 'other' : 'media');
      assert.equal(response.header('x-olla-model'), model);
    });

  for (const path of ['audio/transcriptions', 'audio/translations', 'images/edits'])
    test(`decides the endpoint on a path that takes a form: /v1/${path}`, async (t) => {
      const { send } = await startWithBackends(t, SPECS);
      const form = `--XX\r\nContent-Disposition: form-data; name="model"\r\n\r\nwhisper-1\r\n--XX--\r\n`;
      const response = await send(
        `POST /olla/openai/v1/${path} HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; boundary=XX\r\nContent-Length: ${form.length}\r\n\r\n${form}`,
      );
      assert.deepEqual(
        [response.header('x-olla-endpoint'), response.header('x-olla-model')],
        ['media', 'whisper-1'],
      );
    });
});

describe('the strategy optimistic', () => {
  const OPTIMISTIC = {
    config: {
      model_registry: { routing_strategy: { type: 'optimistic', options: { fallback_behavior: 'all' } } },
    },
  };

  test('sends a model that no endpoint has to any endpoint of the route, under the requested name', async (t) => {
    const { backends, chat } = await startWithBackends(t, { first: FIRST }, OPTIMISTIC);
    const response = await chat('unknown-model');
    assert.deepEqual(
      [response.status, response.header('x-olla-endpoint'), response.header('x-olla-model')],
      [200, 'first', 'unknown-model'],
    );
    assert.deepEqual(routingOf(response), ['optimistic', 'fallback', 'model_not_found_fallback']);
    assert.match(backends.first.requests[0]?.body().toString() ?? '', /"model":"unknown-model"/);
  });

  test('sends a known model to the endpoint that has it', async (t) => {
    const { chat } = await startWithBackends(t, { first: FIRST, second: SECOND }, OPTIMISTIC);
    assert.deepEqual(routingOf(await chat('only-first')), ['optimistic', 'routed', 'model_found']);
  });
});

describe('the strategy discovery', () => {
  const REFRESHING = discovery({
    discovery_refresh_on_miss: true,
    discovery_timeout: '1m',
    fallback_behavior: 'none',
  });

  test('has the models listed again before it answers that no endpoint has one, once for all requests', async (t) => {
    const { gateway, chat } = await startWithBackends(t, { first: FIRST }, REFRESHING);
    let asked = 0;
    t.after(
      gateway.state.control.onControl(({ refresh }) => {
        asked = refresh;
      }),
    );
    const waiting = Array.from({ length: 20 }, () => chat('pulled'));
    await waitFor(() => asked > 0, { describe: 'the request to the agent', intervalMs: 1 });
    await gateway.agent.publish({ first: { models: ['pulled'] } });
    for (const response of await Promise.all(waiting)) {
      assert.equal(response.status, 200, response.text());
      assert.match(String(routingOf(response)[2]), /^model_found_(no|after)_refresh$/);
    }
    assert.equal(asked, 1);
  });

  test('answers 404 with the new lists, not with the timeout', async (t) => {
    const { gateway, chat } = await startWithBackends(t, { first: FIRST }, REFRESHING);
    t.after(gateway.state.control.onControl(({ refresh }) => void (refresh > 0 && gateway.agent.publish())));
    const response = await chat('unknown-model');
    assertError(response, 404, 'MODEL_NOT_FOUND');
    assert.deepEqual(routingOf(response), ['discovery', 'rejected', 'model_not_found']);
  });

  test('answers after discovery_timeout when no new lists arrive', async (t) => {
    const { chat } = await startWithBackends(
      t,
      { first: FIRST },
      discovery({ discovery_refresh_on_miss: true, discovery_timeout: '50ms', fallback_behavior: 'none' }),
    );
    assertError(await chat('unknown-model'), 404, 'MODEL_NOT_FOUND');
  });

  test('stops waiting for new lists when the client leaves', async (t) => {
    const { gateway, connect } = await startWithBackends(t, { first: FIRST }, REFRESHING);
    const client = await connect();
    client.write(postBytes('{"model":"unknown-model"}', ['X-Request-ID: leaving']));
    await waitFor(async () => (await gateway.state.control.read()).refresh > 0, {
      describe: 'the request to the agent',
      intervalMs: 1,
    });
    client.destroy();
    assert.equal((await gateway.log.request('leaving'))['status'], 499);
  });
});
