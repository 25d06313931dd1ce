import assert from 'node:assert/strict';
import { describe, test, type TestContext } from 'node:test';
import { assertError } from '@olla/testing/assert-response';
import type { Respond } from '@olla/testing/raw-backend';
import type { RawResponse } from '@olla/testing/raw-http';
import { chunkedPost, postBytes } from '@olla/testing/request-bytes';
import { startWithBackends } from '../../testing/gateway-with-backends.ts';

const routingOf = (response: RawResponse): (string | undefined)[] =>
  ['strategy', 'decision', 'reason'].map((name) => response.header(`x-olla-routing-${name}`));

describe('an alias', () => {
  const ALIASES = {
    model_aliases: { Chat: ['gone-model', 'Native-A'], ghost: ['unknown-model'] },
  };
  const FLEET = { a: { models: ['Native-A'] }, b: { models: ['Org/Native-B'] } };

  test('changes only the model in the body, and names the serving model in a header', async (t) => {
    const { backends, send } = await startWithBackends(t, FLEET, { config: ALIASES });
    const body = '{ "messages":[{"model":"Chat"}],\n "model" : "Chat" , "n":1.0, "é":"\\u00e9"}';
    const response = await send(postBytes(body));
    assert.deepEqual([response.status, response.header('x-olla-model')], [200, 'Native-A']);
    assert.deepEqual(routingOf(response), ['alias', 'routed', 'alias "Chat" resolved to 1 endpoint(s)']);
    const received = backends.a.requests[0] ?? assert.fail();
    assert.equal(received.body().toString(), body.replace('"model" : "Chat"', '"model" : "Native-A"'));
  });

  test('changes the token in a body that streams, counted and chunked', async (t) => {
    const { backends, send } = await startWithBackends(t, FLEET, { config: ALIASES });
    const start = '{"model":"Chat","input":"';
    const rest = 'x'.repeat(300_000);
    assert.equal((await send(postBytes(`${start}${rest}"}`))).status, 200);
    assert.equal((await send(chunkedPost([start, rest, '"}']))).status, 200);
    for (const request of backends.a.requests)
      assert.equal(request.body().toString(), `{"model":"Native-A","input":"${rest}"}`);
    assert.equal(backends.a.requests.length, 2);
  });

  test('changes the field of a form behind a file', async (t) => {
    const { backends, send } = await startWithBackends(t, FLEET, { config: ALIASES });
    const form = (model: string): string =>
      [
        `--XX\r\nContent-Disposition: form-data; name="file"; filename="a.wav"\r\n\r\n${'\u0001'.repeat(500_000)}\r\n`,
        `--XX\r\nContent-Disposition: form-data; name="model"\r\n\r\n${model}\r\n--XX--\r\n`,
      ].join('');
    const sent = form('Chat');
    const head = `POST /olla/openai/v1/audio/transcriptions HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; boundary=XX\r\nContent-Length: ${sent.length}\r\n\r\n`;
    const response = await send(head + sent);
    assert.deepEqual([response.status, response.header('x-olla-model')], [200, 'Native-A']);
    assert.ok(backends.a.requests[0]?.body().equals(Buffer.from(form('Native-A'))));
  });

  const config = { weight: 1 };
  const POOL = {
    desk: { type: 'ollama' as const, models: ['llama3.1:8b', 'own:latest'], config },
    studio: { type: 'lm-studio' as const, models: ['llama-3.1-8b-instruct'], config },
    cards: { type: 'vllm' as const, models: ['acme/llama-tuned'], config },
  };
  const POOLED = {
    model_aliases: {
      llama: ['llama3.1:8b', 'llama-3.1-8b-instruct', 'acme/llama-tuned'],
      fast: 'own',
      own: ['own:latest', 'acme/llama-tuned'],
    },
  };
  const NAMES = { desk: 'llama3.1:8b', studio: 'llama-3.1-8b-instruct', cards: 'acme/llama-tuned' } as const;

  test('spreads requests over all endpoints that have one of its names, and each gets its own name', async (t) => {
    const { backends, chat } = await startWithBackends(t, POOL, { config: POOLED });
    for (let n = 0; n < 12; n += 1) assert.equal((await chat('llama')).status, 200);
    for (const [endpoint, name] of Object.entries(NAMES) as [keyof typeof NAMES, string][]) {
      const received = backends[endpoint].requests.map(
        (request) => JSON.parse(request.body().toString()).model,
      );
      assert.deepEqual(received, [name, name, name, name], endpoint);
    }
  });

  test('fails over within its pool, and changes the name again for the next endpoint', async (t) => {
    const { backends, chat } = await startWithBackends(t, POOL, { config: POOLED });
    await Promise.all([backends.desk.close(), backends.studio.close()]);
    for (let n = 0; n < 6; n += 1) {
      const response = await chat('llama');
      assert.deepEqual([response.status, response.header('x-olla-model')], [200, 'acme/llama-tuned']);
    }
  });

  test('may be a single name instead of a list, and may have the name of one of its models', async (t) => {
    const { chat, gateway } = await startWithBackends(t, POOL, { config: POOLED });
    assert.equal((await chat('fast')).header('x-olla-model'), 'own:latest');
    const models = new Set<string | undefined>();
    for (let n = 0; n < 4; n += 1) models.add((await chat('own')).header('x-olla-model'));
    assert.deepEqual(models, new Set(['own:latest', 'acme/llama-tuned']));
    await gateway.agent.publish({ desk: { state: 'offline' } });
    assert.equal((await chat('own')).header('x-olla-model'), 'acme/llama-tuned');
  });

  test('stays within the endpoints of the route', async (t) => {
    const { backends, send } = await startWithBackends(t, POOL, { config: POOLED });
    for (let n = 0; n < 4; n += 1) {
      const response = await send(postBytes('{"model":"llama"}', [], '/olla/vllm/v1/chat/completions'));
      assert.deepEqual([response.status, response.header('x-olla-endpoint')], [200, 'cards']);
    }
    assert.equal(backends.cards.requests.length, 4);
  });

  test('is in the listings of all routes whose endpoints have one of its names, once', async (t) => {
    const { get, gateway } = await startWithBackends(t, POOL, { config: POOLED });
    const listed = async (path: string): Promise<(string | undefined)[]> => {
      const body = await get<{ data?: { id: string }[]; models?: { name: string }[] }>(path);
      return [...(body.data ?? []).map(({ id }) => id), ...(body.models ?? []).map(({ name }) => name)];
    };
    const paths = [
      '/olla/models',
      '/olla/openai/v1/models',
      '/olla/ollama/api/tags',
      '/olla/ollama/v1/models',
      '/olla/lmstudio/v1/models',
      '/olla/vllm/v1/models',
    ];
    for (const path of paths)
      assert.equal((await listed(path)).filter((id) => id === 'llama').length, 1, path);
    assert.equal((await listed('/olla/ollama/api/tags')).filter((id) => id === 'own').length, 1);
    const { olla } =
      (
        await get<{
          data: { id: string; olla: { alias_for: string[]; availability: { model: string }[] } }[];
        }>('/olla/models')
      ).data.find(({ id }) => id === 'llama') ?? assert.fail();
    assert.deepEqual(olla.alias_for, POOLED.model_aliases.llama);
    assert.deepEqual(olla.availability.map(({ model }) => model).sort(), Object.values(NAMES).sort());
    await gateway.agent.publish({ desk: { state: 'offline' }, studio: { state: 'offline' } });
    assert.ok((await listed('/olla/openai/v1/models')).includes('llama'));
    assert.ok(!(await listed('/olla/ollama/api/tags')).includes('llama'));
  });

  test('keeps a conversation at one endpoint of its pool', async (t) => {
    const sticky = { ...POOLED, proxy: { sticky_sessions: { enabled: true } } };
    const { chat } = await startWithBackends(t, POOL, { config: sticky });
    const endpoints = new Set<string | undefined>();
    for (let n = 0; n < 6; n += 1)
      endpoints.add((await chat('llama', ['X-Olla-Session-ID: s'])).header('x-olla-endpoint'));
    assert.equal(endpoints.size, 1);
  });

  test('answers 404 when no endpoint has any of its models', async (t) => {
    const { chat } = await startWithBackends(t, FLEET, { config: ALIASES });
    assertError(await chat('ghost'), 404, 'MODEL_NOT_FOUND');
  });
});

describe('a fallback', () => {
  const FLEET = {
    big1: { models: ['big'] },
    big2: { models: ['big'] },
    mid: { models: ['org/mid'] },
    small: { models: ['small'] },
  };
  const start = (t: TestContext, config: object = {}) =>
    startWithBackends(t, FLEET, { config: { model_fallbacks: { big: ['org/mid', 'small'] }, ...config } });

  test('serves under its own name while no endpoint serves the requested name, in the order of the list', async (t) => {
    const { gateway, backends, chat } = await start(t);
    for (let n = 0; n < 4; n += 1) assert.equal((await chat('big')).header('x-olla-model'), 'big');
    assert.deepEqual([backends.big1.requests.length, backends.big2.requests.length], [2, 2]);
    await gateway.agent.publish({ big1: { state: 'offline' } });
    assert.equal((await chat('big')).header('x-olla-endpoint'), 'big2');
    await gateway.agent.publish({ big2: { state: 'offline' } });
    const response = await chat('big');
    assert.deepEqual([response.status, response.header('x-olla-model')], [200, 'org/mid']);
    assert.deepEqual(routingOf(response), ['fallback', 'fallback', 'fallback "org/mid" for "big"']);
    assert.equal(JSON.parse(backends.mid.requests[0]?.body().toString() ?? '').model, 'org/mid');
    await gateway.agent.publish({ mid: { state: 'offline' } });
    assert.equal((await chat('big')).header('x-olla-model'), 'small');
    await gateway.agent.publish({ big1: { state: 'healthy' } });
    assert.equal((await chat('big')).header('x-olla-model'), 'big');
  });

  test('serves the same request that finds the last endpoint of the name unreachable', async (t) => {
    const { backends, chat } = await start(t);
    await Promise.all([backends.big1.close(), backends.big2.close()]);
    const response = await chat('big');
    assert.deepEqual([response.status, response.header('x-olla-model')], [200, 'org/mid']);
    assert.deepEqual(routingOf(response), ['fallback', 'fallback', 'fallback "org/mid" for "big"']);
  });

  test('is not tried instead of a response, while the name is served', async (t) => {
    const busy: Respond = ({ socket }) =>
      void socket.write('HTTP/1.1 503 Service Unavailable\r\nContent-Length: 4\r\n\r\nbusy');
    const { backends, chat } = await start(t);
    backends.big1.respond = busy;
    backends.big2.respond = busy;
    const response = await chat('big');
    assert.deepEqual([response.status, response.text()], [503, 'busy']);
    assert.deepEqual([backends.big1.requests.length, backends.big2.requests.length], [1, 1]);
    assert.equal(backends.mid.requests.length + backends.small.requests.length, 0);
  });

  test('is not tried after an attempt that failed at an endpoint that still serves', async (t) => {
    const { backends, chat, gateway } = await start(t);
    await gateway.agent.publish({ big2: { state: 'offline' } });
    backends.big1.respond = ({ socket }) => void socket.destroy();
    assert.equal((await chat('big')).status, 502);
    assert.equal(backends.mid.requests.length, 0);
  });

  test('counts as an attempt: the bound of attempts applies to all models of a request together', async (t) => {
    const { backends, chat } = await start(t, { proxy: { retry: { max_attempts: 2 } } });
    await Promise.all([backends.big1.close(), backends.big2.close()]);
    assert.equal((await chat('big')).status, 502);
    // Both are known to be unreachable now, so that the next request begins with the fallback.
    const response = await chat('big');
    assert.deepEqual([response.status, response.header('x-olla-model')], [200, 'org/mid']);
    assert.equal(backends.mid.requests.length, 1);
  });

  test('is refused like the name itself when it is unavailable too, and the refusal names it', async (t) => {
    const { gateway, chat } = await start(t);
    const offline = { state: 'offline' } as const;
    await gateway.agent.publish({ big1: offline, big2: offline, mid: offline, small: offline });
    const { message } = assertError(await chat('big'), 503, 'MODEL_UNAVAILABLE');
    assert.match(message, /"big" or its fallback "org\/mid", "small"/);
  });

  test('changes no other request, and no management call', async (t) => {
    const specs = {
      desk: { type: 'ollama' as const, models: ['small:latest'] },
      other: { type: 'ollama' as const, models: ['other:latest'] },
    };
    const config = { model_fallbacks: { big: 'small' } };
    const { backends, chat, send } = await startWithBackends(t, specs, { config });
    assert.equal((await chat('big')).header('x-olla-model'), 'small:latest');
    assertError(await chat('bigger'), 404, 'MODEL_NOT_FOUND');
    const body = '{"model":"big"}';
    const response = await send(
      `DELETE /olla/ollama/api/delete HTTP/1.1\r\nHost: x\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
    );
    assert.equal(response.status, 404);
    assert.equal(backends.desk.requests.length, 1);
  });

  test('keeps the name in the lists while only the fallback serves', async (t) => {
    const { get, gateway } = await start(t);
    const offline = { state: 'offline' } as const;
    const listed = async (): Promise<string[]> =>
      (await get<{ data: { id: string }[] }>('/olla/openai/v1/models')).data.map(({ id }) => id);
    assert.equal((await listed()).filter((id) => id === 'big').length, 1);
    await gateway.agent.publish({ big1: offline, big2: offline });
    assert.equal((await listed()).filter((id) => id === 'big').length, 1);
    await gateway.agent.publish({ mid: offline, small: offline });
    assert.ok(!(await listed()).includes('big'));
  });
});

describe('a name that servers have in two quantisations', () => {
  const q = (name: string, quantization: string) => ({ name, quantization });
  const FLEET = {
    small: { type: 'ollama' as const, models: [q('mine:latest', 'Q4_K_M')] },
    large: { type: 'ollama' as const, models: [q('mine:latest', 'Q8_0')] },
    plain: { type: 'lm-studio' as const, models: [q('mine', 'Q8_0')] },
  };

  test('is served by all of them, and by one of them alone when the others are down', async (t) => {
    const { gateway, chat } = await startWithBackends(t, FLEET);
    const endpoints: Record<string, number> = {};
    for (let n = 0; n < 12; n += 1) {
      const response = await chat(n % 2 === 0 ? 'mine' : 'mine:latest');
      const endpoint = response.header('x-olla-endpoint') ?? assert.fail(response.text());
      endpoints[endpoint] = (endpoints[endpoint] ?? 0) + 1;
    }
    assert.deepEqual(endpoints, { small: 4, large: 4, plain: 4 });
    await gateway.agent.publish({ large: { state: 'offline' }, plain: { state: 'offline' } });
    assert.equal((await chat('mine')).header('x-olla-endpoint'), 'small');
  });

  test('means the one quantisation that the client names', async (t) => {
    const { backends, gateway, chat } = await startWithBackends(t, FLEET);
    for (let n = 0; n < 4; n += 1) {
      assert.equal((await chat('mine@q4_k_m')).header('x-olla-endpoint'), 'small');
      assert.notEqual((await chat('mine:latest@Q8_0')).header('x-olla-endpoint'), 'small');
    }
    assert.equal(JSON.parse(backends.small.requests[0]?.body().toString() ?? '').model, 'mine:latest');
    await gateway.agent.publish({ small: { state: 'offline' } });
    assertError(await chat('mine@q4_k_m'), 503, 'MODEL_UNAVAILABLE');
  });

  test('is in the lists once, and in the list of the fleet besides the name of each quantisation', async (t) => {
    const { get, gateway } = await startWithBackends(t, FLEET);
    const ids = async (path: string): Promise<string[]> =>
      (await get<{ data: { id: string }[] }>(path)).data.map(({ id }) => id);
    const all = ['mine:latest@q4_k_m', 'mine:latest@q8_0', 'mine:latest'];
    assert.deepEqual(await ids('/olla/models'), all);
    assert.deepEqual(await ids('/olla/openai/v1/models'), all);
    assert.deepEqual(await ids('/olla/ollama/v1/models'), ['mine:latest']);
    assert.equal((await get<{ id: string }>('/olla/models/mine')).id, 'mine:latest');
    await gateway.agent.publish({ large: { state: 'offline' }, plain: { state: 'offline' } });
    assert.deepEqual(await ids('/olla/openai/v1/models'), ['mine:latest@q4_k_m', 'mine:latest']);
  });
});

describe('a fine-tune in a folder of its own', () => {
  const FILE = 'Meta-Llama-3.1-8B-Instruct-Q4_K_M.gguf';
  const TUNED = `/models/support-bot/${FILE}`;
  const FLEET = {
    desk: { type: 'ollama' as const, models: [{ name: 'llama3.1:8b', quantization: 'Q4_K_M' }] },
    tuned: { type: 'llamacpp' as const, models: [TUNED] },
    base: { type: 'llamacpp' as const, models: [`/models/${FILE}`] },
  };

  test('gets no request for the base model, and the base model none for it', async (t) => {
    const { backends, chat } = await startWithBackends(t, FLEET);
    for (let n = 0; n < 8; n += 1) {
      assert.equal((await chat('llama3.1:8b')).status, 200);
      assert.equal((await chat(FILE)).status, 200);
    }
    assert.equal(backends.tuned.requests.length, 0);
    for (let n = 0; n < 4; n += 1) assert.deepEqual((await chat(TUNED)).header('x-olla-endpoint'), 'tuned');
    assert.deepEqual(
      backends.tuned.requests.map((request) => JSON.parse(request.body().toString()).model),
      [TUNED, TUNED, TUNED, TUNED],
    );
  });
});
