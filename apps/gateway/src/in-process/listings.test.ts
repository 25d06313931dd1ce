import assert from 'node:assert/strict';
import { describe, test, type TestContext } from 'node:test';
import { assertError } from '@olla/testing/assert-response';
import { postBytes, requestBytes } from '@olla/testing/request-bytes';
import { startWithBackends, type GatewayWithBackends } from '../../testing/gateway-with-backends.ts';

const GGUF = 'Meta-Llama-3.1-8B-Instruct-Q4_K_M.gguf';
const HF = 'meta-llama/Llama-3.1-8B-Instruct';
const EMBED = 'nomic-embed-text:latest';
const FLEET = {
  desk: {
    type: 'ollama',
    models: [
      { name: 'llama3.1:8b', quantization: 'Q4_K_M', family: 'llama' },
      { name: 'nomic-embed-text:latest', kind: 'embeddings' },
    ],
  },
  studio: {
    type: 'lm-studio',
    models: ['qwen3-14b', { name: 'bge-m3', kind: 'embeddings' }],
  },
  cards: { type: 'vllm', models: [HF] },
  cpp: { type: 'llamacpp', models: [GGUF] },
} as const;
type Fixture = GatewayWithBackends<keyof typeof FLEET>;

interface Entry {
  readonly id: string;
  readonly created: number;
  readonly olla: { readonly aliases: string[]; readonly availability: { endpoint: string; state: string }[] };
}

const start = (t: TestContext): Promise<Fixture> =>
  startWithBackends(t, FLEET, {
    config: { model_aliases: { best: ['llama3.1:8b'], ghost: ['unknown-model'] } },
  });
const entries = async ({ get }: Pick<Fixture, 'get'>, path = '/olla/models'): Promise<Entry[]> =>
  (await get<{ data: Entry[] }>(path)).data;
const ids = async (fixture: Fixture, query = ''): Promise<string[]> =>
  (await entries(fixture, `/olla/models${query}`)).map(({ id }) => id);

describe('/olla/models', () => {
  test('lists one model under two names once, another quantisation separately, and aliases that mean a model', async (t) => {
    const fixture = await start(t);
    const data = await entries(fixture);
    assert.deepEqual(
      data.map(({ id }) => id),
      ['bge-m3', 'llama3.1:8b', HF, 'nomic-embed-text:latest', 'qwen3-14b', 'best'],
    );
    const llama = data.find(({ id }) => id === 'llama3.1:8b');
    assert.deepEqual(llama?.olla.availability.map(({ endpoint }) => endpoint).sort(), ['cpp', 'desk']);
    assert.ok(llama?.olla.aliases.includes(GGUF));
  });

  test('lists only names that work as `model`', async (t) => {
    const fixture = await start(t);
    const names = (await entries(fixture)).flatMap(({ id, olla }) => [id, ...olla.aliases]);
    for (const model of new Set(names)) {
      const response = await fixture.send(
        postBytes(JSON.stringify({ model }), [], '/olla/proxy/v1/completions'),
      );
      assert.equal(response.status, 200, `${model}: ${response.text()}`);
    }
  });

  test('filters by endpoint, type, family and availability, alone and together', async (t) => {
    const fixture = await start(t);
    for (const [query, expected] of [
      ['?endpoint=studio', ['bge-m3', 'qwen3-14b']],
      ['?endpoint=unknown', []],
      ['?type=embeddings', ['bge-m3', 'nomic-embed-text:latest']],
      ['?family=LLAMA&type=llm', ['llama3.1:8b', HF, 'best']],
      ['?family=llama&endpoint=cards&format=openai', [HF]],
      ['?available=false', []],
      ['?available=true', ['bge-m3', 'llama3.1:8b', HF, 'nomic-embed-text:latest', 'qwen3-14b', 'best']],
    ] as const)
      assert.deepEqual(await ids(fixture, query), expected, query);
  });

  test('answers 400 to a filter or a format that it does not know', async (t) => {
    const { send } = await start(t);
    assertError(await send(requestBytes('GET', '/olla/models?available=perhaps')), 400, 'BAD_REQUEST');
    const { message } = assertError(
      await send(requestBytes('GET', '/olla/models?format=bogus')),
      400,
      'BAD_REQUEST',
    );
    for (const format of ['unified', 'openai', 'ollama', 'lmstudio', 'vllm', 'llamacpp'])
      assert.ok(message.includes(format), message);
  });

  test('answers in each format', async (t) => {
    const fixture = await start(t);
    assert.deepEqual(await ids(fixture, '?format=openai'), await ids(fixture));
    assert.deepEqual(await ids(fixture, '?format=vllm'), await ids(fixture));
    assert.deepEqual(await ids(fixture, '?format=llamacpp'), [GGUF, 'best']);
    assert.deepEqual(await ids(fixture, '?format=lmstudio&type=llm'), ['qwen3-14b']);
    const tags = await fixture.get<{ models: { name: string }[] }>('/olla/models?format=ollama');
    assert.deepEqual(tags.models.map(({ name }) => name).sort(), ['best', 'llama3.1:8b', EMBED]);
  });

  test('shows one model by any of its names, slashes escaped or not', async (t) => {
    const { get, send } = await start(t);
    for (const [name, id] of [
      [HF, HF],
      [encodeURIComponent(HF), HF],
      [GGUF, 'llama3.1:8b'],
      ['LLAMA3.1:8B', 'llama3.1:8b'],
      ['best', 'best'],
    ] as const)
      assert.equal((await get<Entry>(`/olla/models/${name}`)).id, id);
    assertError(await send(requestBytes('GET', '/olla/models/a/b/c')), 404, 'MODEL_NOT_FOUND');
  });

  test('keeps `created` while an endpoint leaves and returns, and shows it as unavailable', async (t) => {
    const fixture = await start(t);
    const { created } = await fixture.get<Entry>(`/olla/models/${HF}`);
    await fixture.gateway.agent.publish({ cards: { state: 'offline', reason: 'connection refused' } });
    const unavailable = (await entries(fixture)).find(({ id }) => id === HF);
    assert.deepEqual(
      unavailable?.olla.availability.map(({ endpoint, state }) => [endpoint, state]),
      [['cards', 'offline']],
    );
    assert.deepEqual(await ids(fixture, '?available=false'), [HF]);
    await fixture.gateway.agent.publish({ cards: { state: 'healthy', reason: '' } });
    assert.equal((await fixture.get<Entry>(`/olla/models/${HF}`)).created, created);
  });

  test('answers 405 to any other method than GET and HEAD', async (t) => {
    const { send } = await start(t);
    const response = await send(postBytes('{}', [], '/olla/models'));
    assertError(response, 405, 'METHOD_NOT_ALLOWED');
    assert.equal(response.header('allow'), 'GET, HEAD, OPTIONS');
  });
});

describe("a provider's own listing", () => {
  test('is answered by the gateway for all endpoints of the prefix, not relayed', async (t) => {
    const fixture = await start(t);
    const listed = async (path: string): Promise<string[]> =>
      (await entries(fixture, path)).map(({ id }) => id);
    assert.deepEqual(await listed('/olla/vllm/v1/models'), [HF]);
    assert.deepEqual(await listed('/olla/lmstudio/v1/models'), ['bge-m3', 'qwen3-14b']);
    const all = await listed('/olla/openai/v1/models');
    for (const id of ['llama3.1:8b', HF, 'qwen3-14b', 'best']) assert.ok(all.includes(id), all.join(' '));
    const { models } = await fixture.get<{ models: { name: string }[] }>('/olla/ollama/api/tags');
    assert.deepEqual(models.map(({ name }) => name).sort(), ['best', 'llama3.1:8b', EMBED]);
    for (const { requests } of Object.values(fixture.backends)) assert.equal(requests.length, 0);
  });

  test('of LM Studio shows what is loaded and what each model is', async (t) => {
    const { get } = await start(t);
    const { data } = await get<{ data: { id: string; state: string; type: string }[] }>(
      '/olla/lmstudio/api/v0/models',
    );
    assert.deepEqual(data.map(({ id, state, type }) => [id, state, type]).sort(), [
      ['bge-m3', 'loaded', 'embeddings'],
      ['qwen3-14b', 'loaded', 'llm'],
    ]);
  });
});

describe('a listing', () => {
  const PATHS = [
    '/olla/models',
    '/olla/openai/v1/models',
    '/olla/proxy/v1/models',
    '/olla/proxy/api/tags',
    '/olla/proxy/api/ps',
    '/olla/proxy/api/version',
    '/olla/ollama/api/tags',
    '/olla/ollama/api/version',
    '/olla/ollama/',
    '/olla/ollama',
    '/olla/lmstudio/api/v0/models',
    '/olla/lmstudio/api/v0/models/qwen3-14b',
    '/olla/lmstudio/api/v1/models',
    '/olla/llamacpp/models',
    '/olla/vllm/v1/models',
  ];

  test('is answered without an endpoint to GET, to HEAD with its length, and to OPTIONS with its methods', async (t) => {
    const { send, backends } = await start(t);
    for (const path of PATHS) {
      const got = await send(requestBytes('GET', path));
      assert.equal(got.status, 200, path);
      const head = await send(requestBytes('HEAD', path));
      assert.deepEqual([head.status, head.text()], [200, ''], path);
      for (const name of ['content-type', 'content-length'])
        assert.equal(head.header(name), got.header(name), path);
      const options = await send(requestBytes('OPTIONS', path));
      assert.deepEqual([options.status, options.header('allow')], [204, 'GET, HEAD, OPTIONS'], path);
    }
    for (const { requests } of Object.values(backends)) assert.equal(requests.length, 0);
  });

  test('of the root of Ollama is the text that its clients expect', async (t) => {
    const { send } = await start(t);
    const root = await send(requestBytes('GET', '/olla/ollama/'));
    assert.deepEqual(
      [root.text(), root.header('content-type')],
      ['Ollama is running', 'text/plain; charset=utf-8'],
    );
  });

  test('is relayed to an endpoint under any other method', async (t) => {
    const { send, backends } = await start(t);
    await send(postBytes('{}', [], '/olla/ollama/api/tags'));
    assert.deepEqual(
      backends.desk.requests.map(({ method, target }) => `${method} ${target}`),
      ['POST /api/tags'],
    );
  });

  test('leaves out the models of an ejected endpoint at once, and has them at once when it is readmitted', async (t) => {
    // Many models, so that the list is costly enough for the cache.
    const models = Array.from({ length: 3_000 }, (_, at) => `only-here-${at}:1b`);
    const fixture = await startWithBackends(t, {
      desk: { type: 'ollama', models },
      other: { type: 'ollama' },
    });
    const count = async (): Promise<number> =>
      (await fixture.get<{ models: unknown[] }>('/olla/ollama/api/tags')).models.length;
    assert.equal(await count(), models.length);
    await fixture.backends.desk.close();
    await fixture.send(postBytes('{"model":"only-here-1:1b"}', [], '/olla/ollama/api/chat'));
    assert.equal(await count(), 0);
    await fixture.gateway.agent.publish();
    assert.equal(await count(), models.length);
  });
});

describe('a gateway without a snapshot of any endpoint', () => {
  test('lists nothing, in the form of each listing', async (t) => {
    const { get } = await startWithBackends(t, {});
    assert.deepEqual((await get<{ data: [] }>('/olla/models')).data, []);
  });
});
