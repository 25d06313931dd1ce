import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { StatsModelsBody } from '@olla/admin-api/schema/stats';
import { assertError } from '@olla/testing/assert-response';
import { CHAT, chunkedPost, postBytes, requestBytes } from '@olla/testing/request-bytes';
import { startWithBackends, type BackendSpec } from '../../testing/gateway-with-backends.ts';

const OLLAMA_CHAT = '/olla/ollama/api/chat';
const OPEN = 'open';
const SECRET = 'secret';
/** The agent's list: the filter has left the secret model out. */
const FILTERED = { models: [OPEN], config: { model_filter: { exclude: [SECRET] } } };
const FILTERED_OLLAMA: BackendSpec = { ...FILTERED, type: 'ollama' };
const FILL = 'x'.repeat(300_000);

describe('a model that an endpoint does not offer', () => {
  for (const [what, body, status, code] of [
    ['in another letter case', '{"Model":"secret"}', 404, 'MODEL_NOT_FOUND'],
    ['in capitals and escapes', '{"M\\u004fDEL":"secret"}', 404, 'MODEL_NOT_FOUND'],
    ['beside one that is offered', '{"model":"open","model":"secret"}', 400, 'INVALID_MODEL'],
    ['beside one, in another letter case', '{"model":"open","MODEL":"secret"}', 400, 'INVALID_MODEL'],
    ['before one, in another letter case', '{"Model":"secret","model":"open"}', 400, 'INVALID_MODEL'],
    ['as a list', '{"Model":["secret"]}', 400, 'INVALID_MODEL'],
    ['behind broken JSON', '{"a" 1,"model":"secret"}', 400, 'INVALID_MODEL'],
    [
      'behind broken JSON and one that is offered',
      '{"model":"open" 1,"model":"secret"}',
      400,
      'INVALID_MODEL',
    ],
  ] as const)
    for (const framing of ['counted', 'chunked'])
      test(`does not reach it ${what}, ${framing}`, async (t) => {
        const { backends, send } = await startWithBackends(t, { only: FILTERED_OLLAMA });
        const bytes =
          framing === 'counted'
            ? postBytes(body, [], OLLAMA_CHAT)
            : chunkedPost([body.slice(0, 9), body.slice(9)], [], OLLAMA_CHAT);
        const response = await send(bytes);
        assert.equal(response.status, status, response.text());
        assert.equal(response.header('x-olla-error-code'), code);
        assert.equal(backends.only.requests.length, 0);
      });

  for (const path of ['/engines/secret/chat/completions', '/openai/deployments/secret/chat/completions'])
    test(`does not reach it in the path, beside one that is offered in the body: ${path}`, async (t) => {
      const { backends, send } = await startWithBackends(t, {
        only: { ...FILTERED_OLLAMA, type: 'litellm' },
      });
      const response = await send(postBytes('{"model":"open"}', [], `/olla/litellm${path}`));
      assertError(response, 400, 'INVALID_MODEL');
      assert.equal(backends.only.requests.length, 0);
      const inBody = await send(postBytes('{"model":"open"}', [], '/olla/litellm/chat/completions'));
      assert.equal(inBody.status, 200);
    });

  test('does not reach it with another Content-Type', async (t) => {
    const { backends, send } = await startWithBackends(t, { only: FILTERED_OLLAMA });
    for (const type of ['text/plain', 'multipart/form-data; boundary=x', 'application/octet-stream']) {
      const body = `{"model":"${SECRET}"}`;
      const head = `POST ${OLLAMA_CHAT} HTTP/1.1\r\nHost: x\r\nContent-Type: ${type}\r\nContent-Length: ${body.length}\r\n\r\n`;
      assert.equal((await send(head + body)).status, 404, type);
    }
    assert.equal(backends.only.requests.length, 0);
  });

  test('does not reach it in a body that cannot be read', async (t) => {
    const { backends, send } = await startWithBackends(t, { only: FILTERED });
    const files = '/olla/proxy/v1/files';
    for (const body of ['[1]', 'hello', `model=${SECRET}`])
      assertError(await send(postBytes(body, [], files)), 400, 'INVALID_MODEL');
    const { message } = assertError(await send(postBytes(body2, [], CHAT)), 400, 'INVALID_MODEL');
    assert.match(message, /only.*model_filter/);
    assert.equal(backends.only.requests.length, 0);
  });
  // A server of unknown make may be written in Go.
  const body2 = `{"model":"${OPEN}","Model":"${SECRET}"}`;

  test('does not reach it by the fallback for unknown models', async (t) => {
    const optimistic = {
      config: {
        model_registry: { routing_strategy: { type: 'optimistic', options: { fallback_behavior: 'all' } } },
      },
    };
    const { backends, chat } = await startWithBackends(
      t,
      { only: FILTERED, free: { models: [] } },
      optimistic,
    );
    for (let n = 0; n < 4; n += 1) assert.equal((await chat(SECRET)).header('x-olla-endpoint'), 'free');
    assert.equal(backends.only.requests.length, 0);
  });

  test('does not affect a request without a body', async (t) => {
    const { backends, send } = await startWithBackends(t, { only: FILTERED });
    assert.equal((await send(requestBytes('GET', '/olla/proxy/v1/files'))).status, 200);
    assert.equal(backends.only.requests.length, 1);
  });
});

describe('a field `Model`', () => {
  test('is the model of an Ollama server, and is renamed there', async (t) => {
    const specs = {
      a: { type: 'ollama', models: ['other'] },
      b: { type: 'ollama', models: ['Mine:latest'] },
    } as const;
    const { backends, send } = await startWithBackends(t, specs);
    for (let n = 0; n < 4; n += 1) {
      const response = await send(postBytes('{"MODEL":"mine","messages":[]}', [], OLLAMA_CHAT));
      assert.deepEqual([response.status, response.header('x-olla-endpoint')], [200, 'b']);
    }
    assert.equal(backends.b.requests[0]?.body().toString(), '{"MODEL":"Mine:latest","messages":[]}');
  });

  test('is ignored for a server that distinguishes letter cases', async (t) => {
    const specs = {
      a: { type: 'vllm', models: ['a', 'x'] },
      b: { type: 'vllm', models: ['b', 'x'] },
    } as const;
    const { backends, send } = await startWithBackends(t, specs);
    const body = '{"model":"a","Model":"b"}';
    assert.equal((await send(postBytes(body))).header('x-olla-endpoint'), 'a');
    assert.equal(backends.a.requests[0]?.body().toString(), body);
  });

  test('goes to the servers that read it, if a route has both kinds', async (t) => {
    const specs = {
      v: { type: 'vllm', models: ['m', 'a'] },
      o: { type: 'ollama', models: ['m', 'b'] },
    } as const;
    const { send } = await startWithBackends(t, specs);
    for (let n = 0; n < 4; n += 1) {
      assert.equal((await send(postBytes('{"Model":"m"}'))).header('x-olla-endpoint'), 'o');
      assert.equal((await send(postBytes('{"model":"m","Model":"b"}'))).header('x-olla-endpoint'), 'v');
    }
    assertError(await send(postBytes('{"model":"b","Model":"m"}')), 503, 'MODEL_UNAVAILABLE');
  });

  test('is counted under its name', async (t) => {
    const { send, get } = await startWithBackends(t, { only: { type: 'ollama', models: ['m', 'n'] } });
    await send(postBytes('{"Model":"m"}', [], OLLAMA_CHAT));
    const { models } = await get<StatsModelsBody>('/internal/stats/models');
    assert.deepEqual(
      models.map(({ name, total_requests }) => [name, total_requests]),
      [['m', 1]],
    );
  });
});

describe('a name that is in the body twice', () => {
  test('is replaced at each position', async (t) => {
    const { backends, send } = await startWithBackends(
      t,
      { only: { models: ['long-name', 'other'] } },
      { config: { model_aliases: { short: ['long-name'] } } },
    );
    assert.equal((await send(postBytes('{"model":"short","n":1,"mod\\u0065l":"short"}'))).status, 200);
    assert.equal(
      backends.only.requests[0]?.body().toString(),
      '{"model":"long-name","n":1,"mod\\u0065l":"long-name"}',
    );
  });
});

describe('a body without a model', () => {
  const bodies = ['{"messages":[]}', '{"model":null}', '{"model":""}'];

  test('goes to the endpoint of the one model of the route', async (t) => {
    const { backends, send } = await startWithBackends(t, { empty: { models: [] }, full: { models: ['m'] } });
    for (const body of [...bodies, ...bodies]) {
      const response = await send(postBytes(body));
      assert.deepEqual([response.status, response.header('x-olla-model')], [200, 'm']);
    }
    assert.deepEqual(
      backends.full.requests.map((request) => request.body().toString()),
      [...bodies, ...bodies],
    );
  });

  test('gets the name of the one model that an endpoint with a filter offers', async (t) => {
    const { backends, send } = await startWithBackends(t, { only: FILTERED });
    for (const body of ['{}', ' {"a":1}', ...bodies]) assert.equal((await send(postBytes(body))).status, 200);
    assert.deepEqual(
      backends.only.requests.map((request) => request.body().toString()),
      [
        '{"model":"open"}',
        ' {"model":"open","a":1}',
        '{"model":"open","messages":[]}',
        '{"model":"open"}',
        '{"model":"open"}',
      ],
    );
  });

  test('is refused if an endpoint with a filter offers several', async (t) => {
    const { backends, send } = await startWithBackends(t, { only: { ...FILTERED, models: ['open', 'too'] } });
    for (const body of bodies) assertError(await send(postBytes(body)), 400, 'INVALID_MODEL');
    assert.equal(backends.only.requests.length, 0);
  });

  test('goes to the one endpoint without a filter, with any models', async (t) => {
    const { send } = await startWithBackends(t, { only: { models: ['a', 'b'] } });
    for (const body of bodies) assert.equal((await send(postBytes(body))).status, 200);
  });
});

describe('a model in the query', () => {
  const llamas = {
    a: { type: 'llamacpp', models: ['m-a'] },
    b: { type: 'llamacpp', models: ['m-b'] },
  } as const;

  test('of a GET leads to the llama-server that has it', async (t) => {
    const { send } = await startWithBackends(t, llamas);
    for (let n = 0; n < 4; n += 1) {
      const response = await send(requestBytes('GET', '/olla/llamacpp/props?x=1&model=m-b'));
      assert.deepEqual([response.status, response.header('x-olla-endpoint')], [200, 'b']);
    }
    assertError(await send(requestBytes('GET', '/olla/llamacpp/props?model=m-c')), 404, 'MODEL_NOT_FOUND');
  });

  test("is renamed to the server's name for it", async (t) => {
    const { backends, send } = await startWithBackends(t, llamas, {
      config: { model_aliases: { 'short name': ['m-b'] } },
    });
    await send(requestBytes('GET', '/olla/llamacpp/slots?a=%20b&mod%65l=short+name&c'));
    assert.equal(backends.b.requests[0]?.target, '/slots?a=%20b&model=m-b&c');
  });

  test('does not replace the model of the body at LiteLLM', async (t) => {
    const { backends, send } = await startWithBackends(t, { only: { ...FILTERED, type: 'litellm' } });
    const path = '/olla/litellm/v1/chat/completions?model=';
    assertError(await send(postBytes('{"model":"open"}', [], `${path}secret`)), 400, 'INVALID_MODEL');
    assertError(await send(postBytes('{}', [], `${path}secret`)), 404, 'MODEL_NOT_FOUND');
    assert.equal(backends.only.requests.length, 0);
    assert.equal((await send(postBytes('{"model":"open"}', [], `${path}open`))).status, 200);
  });

  test('is ignored for a server that does not read it', async (t) => {
    const { send } = await startWithBackends(t, { only: { type: 'vllm', models: ['m'] } });
    assert.equal((await send(postBytes('{"model":"m"}', [], `${CHAT}?model=other`))).status, 200);
  });
});

describe("Ollama's other fields for a name", () => {
  const specs = {
    a: { type: 'ollama', models: ['m-a:latest'] },
    b: { type: 'ollama', models: ['m-b:latest'] },
  } as const;

  for (const body of [
    '{"model":"","name":"m-b"}',
    '{"model":null,"Name":"m-b"}',
    '{"NAME":"m-b","model":""}',
    '{"Model":"m-b","name":"m-a"}',
  ])
    test(`show of ${body} goes to the server that has it`, async (t) => {
      const { send } = await startWithBackends(t, specs);
      for (let n = 0; n < 4; n += 1) {
        const response = await send(postBytes(body, [], '/olla/ollama/api/show'));
        assert.deepEqual([response.status, response.header('x-olla-endpoint')], [200, 'b']);
      }
    });

  test('two names are refused', async (t) => {
    const { send } = await startWithBackends(t, specs);
    for (const body of ['{"name":"m-a","Name":"m-b"}', '{"name":7}', '{"model":"m-a","Model":"m-b"}']) {
      const response = await send(postBytes(body, [], '/olla/ollama/api/delete'));
      assert.deepEqual([response.status, response.header('x-olla-error-code')], [400, 'INVALID_MODEL'], body);
    }
  });

  test('a copy goes by its source, in any letter case, with a body of any length', async (t) => {
    const { send } = await startWithBackends(t, specs);
    const body = `{"model":"m-a","destination":"n","x":"${FILL}","\u017fource":"m-b"}`;
    const response = await send(postBytes(body, [], '/olla/ollama/api/copy'));
    assert.deepEqual([response.status, response.header('x-olla-endpoint')], [200, 'b']);
  });
});
