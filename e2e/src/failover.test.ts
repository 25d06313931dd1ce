import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import { freePort } from '@olla/testing/free-port';
import type { Gateway } from '@olla/testing/olla-process';
import {
  jsonResponse,
  startRawBackend,
  whenComplete,
  type Respond,
  type RawBackend,
} from '@olla/testing/raw-backend';
import { waitFor } from '@olla/testing/wait-for';
import { endpointConfig, waitForModel, startGatewayFor } from './start-gateway-for.ts';

const MODEL = 'shared-model';

/** Answers once the request is in, naming the backend. */
function respondAs(name: string): Respond {
  return (request) => whenComplete(request, () => request.socket.write(jsonResponse({ from: name })));
}

interface ErrorBody {
  error: { message: string; type: string; code: string };
}

describe('failures of endpoints', () => {
  let first: RawBackend;
  let second: RawBackend;
  let gateway: Gateway;
  before(async () => {
    first = await startRawBackend({ models: [MODEL, 'only-first'] });
    second = await startRawBackend({ models: [MODEL] });
    gateway = await startGatewayFor({
      // By priority, so that the order of attempts is known.
      config: { proxy: { load_balancer: 'priority', response_header_timeout: '2s' } },
      endpoints: [
        endpointConfig('first', first, { priority: 100, check_interval: '300ms' }),
        endpointConfig('second', second, { priority: 50, check_interval: '300ms' }),
      ],
      models: [MODEL, 'only-first'],
    });
  });
  after(async () => {
    await gateway.stop();
    await first.close();
    await second.close();
  });
  beforeEach(async () => {
    first.respond = respondAs('first');
    second.respond = respondAs('second');
    // What an earlier test did to an endpoint is over.
    for (const [backend, model] of [[first, 'only-first']] as const) {
      await waitFor(async () => (await ask(model)).status === 200, {
        describe: `${backend.url} to be routable`,
      });
    }
    first.requests.length = 0;
    second.requests.length = 0;
  });

  async function ask(
    model: string,
    route = 'openai/v1/chat/completions',
  ): Promise<{ status: number; endpoint: string | null; body: unknown }> {
    const response = await fetch(`${gateway.url}/olla/${route}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', connection: 'close' },
      body: JSON.stringify({ model, messages: [] }),
    });
    return {
      status: response.status,
      endpoint: response.headers.get('x-olla-endpoint'),
      body: await response.json(),
    };
  }

  function assertError(answer: { status: number; body: unknown }, status: number, words: RegExp): void {
    const { error } = answer.body as ErrorBody;
    assert.equal(answer.status, status, JSON.stringify(answer.body));
    assert.match(error.message, words);
    assert.equal(typeof error.type, 'string');
    assert.match(error.code, /^[A-Z_]+$/);
  }

  test('a connection that ends before any answer sends the request to the next endpoint', async () => {
    first.respond = (request) => whenComplete(request, () => request.socket.resetAndDestroy());
    const answer = await ask(MODEL);
    assert.deepEqual([answer.status, answer.endpoint, answer.body], [200, 'second', { from: 'second' }]);
    assert.equal(first.requests.length, 1);
    assert.equal(second.requests[0]?.body().toString(), first.requests[0]?.body().toString());
  });

  test("a backend's own error is the answer: it is not sent elsewhere", async () => {
    first.respond = (request) =>
      whenComplete(request, () => request.socket.write(jsonResponse({ error: 'mine' }, '500 Oops')));
    const answer = await ask(MODEL);
    assert.deepEqual([answer.status, answer.endpoint, answer.body], [500, 'first', { error: 'mine' }]);
    assert.equal(second.requests.length, 0);
  });

  test("with no other endpoint a broken connection is 502 with the contract's error", async () => {
    first.respond = (request) => whenComplete(request, () => request.socket.resetAndDestroy());
    assertError(await ask('only-first'), 502, /first/);
  });

  test('bytes that are no HTTP are 502', async () => {
    first.respond = (request) =>
      whenComplete(request, () => request.socket.end('\u0016\u0003\u0001 no http\r\n\r\n'));
    assertError(await ask('only-first'), 502, /first/);
  });

  test('an endpoint that is silent beyond response_header_timeout is given up', async () => {
    first.respond = () => {};
    const answer = await ask('only-first');
    assertError(answer, 504, /first[^]*response_header_timeout|response_header_timeout[^]*first/);
    await waitFor(() => first.requests.at(-1)?.gone, { describe: 'the silent backend to be left' });
  });

  test('an unknown model is 404 and named', async () => {
    assertError(await ask('no-such-model'), 404, /no-such-model/);
  });

  test('a provider without any endpoint of its type, and an unknown path', async () => {
    const none = await ask(MODEL, 'vllm/v1/chat/completions');
    assert.ok([404, 503].includes(none.status), String(none.status));
    assertError(none, none.status, /vllm/);
    assertError(await ask(MODEL, 'no-such-provider/v1/chat/completions'), 404, /no-such-provider/);
  });
});

describe('an endpoint that goes and comes back', () => {
  test('costs no request that has another endpoint, and takes part again', async () => {
    const port = await freePort();
    let away = await startRawBackend({ models: [MODEL, 'only-away'], port, respond: respondAs('away') });
    const stays = await startRawBackend({ models: [MODEL], respond: respondAs('stays') });
    const gateway = await startGatewayFor({
      endpoints: [endpointConfig('away', away), endpointConfig('stays', stays)],
      config: { proxy: { load_balancer: 'round-robin' } },
      models: [MODEL, 'only-away'],
    });
    const ask = async (model = MODEL): Promise<Response> =>
      fetch(`${gateway.url}/olla/openai/v1/chat/completions`, {
        method: 'POST',
        headers: { connection: 'close' },
        body: JSON.stringify({ model }),
      });

    await away.close();
    for (let n = 0; n < 40; n += 1) {
      const response = await ask();
      assert.equal(response.status, 200, await response.text());
      assert.equal(response.headers.get('x-olla-endpoint'), 'stays');
    }
    // Until the agent has checked it, the only endpoint of a model is tried although it is ejected: 502.
    const alone = await waitFor(
      async () => {
        const response = await ask('only-away');
        return response.status === 503 ? response : null;
      },
      { describe: '503 for a model whose only endpoint is offline' },
    );
    assert.match(((await alone.json()) as ErrorBody).error.message, /only-away/);

    away = await startRawBackend({ models: [MODEL, 'only-away'], port, respond: respondAs('away') });
    await waitFor(async () => (await ask()).headers.get('x-olla-endpoint') === 'away', {
      describe: 'the endpoint to be used again',
    });
    await waitForModel(gateway, 'only-away');
    await gateway.stop();
    await away.close();
    await stays.close();
  });
});
