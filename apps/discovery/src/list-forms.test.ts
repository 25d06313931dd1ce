import assert from 'node:assert/strict';
import { describe, test, type TestContext } from 'node:test';
import { gzipSync } from 'node:zlib';
import type { EndpointSnapshot, Snapshot } from '@olla/core/snapshot';
import { endpointIn, modelsIn, runTestAgent, startServer, untilChecked } from '../testing/run-test-agent.ts';
import { respondWith, type Handler } from '../testing/test-server.ts';
import { TestStore } from '../testing/test-store.ts';

/** What an agent finds of a server of this type. */
async function find(
  t: TestContext,
  type: string,
  handler: Handler | Record<string, unknown>,
): Promise<{
  store: TestStore;
  snapshot: Snapshot;
  endpoint: EndpointSnapshot;
  models: string[];
  seen: string[];
}> {
  const server = await startServer(t, handler);
  const store = new TestStore();
  const snapshot = await untilChecked(runTestAgent(t, store, [{ name: 'e', type, url: server.url }]), store);
  return {
    store,
    snapshot,
    endpoint: endpointIn(snapshot, 'e'),
    models: modelsIn(snapshot, 'e'),
    seen: server.seen,
  };
}

describe('the list of a plain server', () => {
  for (const type of ['openai-compatible', 'auto'])
    for (const [form, body] of [
      [
        'as a bare array',
        [{ id: 'org/m-t', object: 'model', created: 1, type: 'chat', context_length: 32_768 }],
      ],
      ['in models', { models: [{ id: 'org/m-t', context_length: 32_768 }] }],
      ['in data without object', { data: [{ id: 'org/m-t', context_length: 32_768 }] }],
      ['with a byte order mark', '\ufeff{"data":[{"id":"org/m-t","context_length":32768}]}'],
    ] as const)
      test(`is read ${form}, of type ${type}`, async (t) => {
        const { snapshot, endpoint, models } = await find(t, type, { '/v1/models': body });
        assert.deepEqual(
          [endpoint.state, endpoint.reason, endpoint.type],
          ['healthy', '', 'openai-compatible'],
        );
        assert.deepEqual(models, ['org/m-t']);
        assert.equal(snapshot.catalog.models[0]?.contextLength, 32_768);
      });

  test('is empty as null, and no fault', async (t) => {
    const { endpoint, models } = await find(t, 'openai-compatible', { '/v1/models': { data: null } });
    assert.deepEqual([endpoint.state, endpoint.reason, models], ['healthy', '', []]);
    assert.notEqual(endpoint.modelsAt, null);
  });

  test('is read compressed, although it was not asked for so', async (t) => {
    const list = gzipSync(JSON.stringify({ data: [{ id: 'm' }] }));
    const { models } = await find(t, 'openai-compatible', (_, response) =>
      response.writeHead(200, { 'content-encoding': 'gzip' }).end(list),
    );
    assert.deepEqual(models, ['m']);
  });

  for (const [body, reason] of [
    ['<html>secret</html>', /\/v1\/models answered what is no JSON\. Set model_url/],
    [{ error: 'secret' }, /\/v1\/models answered an error in place of a list of models\./],
    [{ items: [{ id: 'secret' }] }, /\/v1\/models answered an object without data or models/],
    [[{ title: 'secret' }], /\/v1\/models answered a list whose entries have no id, name, model, key\./],
  ] as const)
    test(`is reported with its fault: ${JSON.stringify(body)}`, async (t) => {
      const { store, endpoint } = await find(t, 'vllm', { '/health': '', '/v1/models': body });
      assert.equal(endpoint.state, 'healthy');
      assert.match(endpoint.reason, reason);
      assert.doesNotMatch(`${endpoint.reason} ${store.lines.join(' ')}`, /secret/);
    });
});

describe('the lists of LM Studio', () => {
  const v0 = { object: 'list', data: [{ id: 'm', state: 'loaded', arch: 'llama', type: 'llm' }] };
  const v1 = { models: [{ key: 'm', type: 'llm', display_name: 'M', loaded_instances: [], size_bytes: 7 }] };
  const openAi = { object: 'list', data: [{ id: 'm' }] };

  for (const type of ['lm-studio', 'auto']) {
    test(`are read where a server has both, of type ${type}`, async (t) => {
      const routes = { '/api/v0/models': v0, '/api/v1/models': v1, '/v1/models': openAi };
      const { snapshot, endpoint } = await find(t, type, routes);
      assert.equal(endpoint.type, 'lm-studio');
      const model = snapshot.catalog.models[0]?.locations[0]?.model;
      assert.deepEqual([model?.family, model?.sizeBytes, model?.resident], ['llama', 7, true]);
    });

    test(`are read where a server has the newer one alone, of type ${type}`, async (t) => {
      const { snapshot, endpoint } = await find(t, type, { '/api/v1/models': v1, '/v1/models': openAi });
      assert.equal(endpoint.type, 'lm-studio');
      assert.equal(snapshot.catalog.models[0]?.locations[0]?.model.sizeBytes, 7);
    });
  }

  test('of which a server lacks the newer one are not asked for again and again', async (t) => {
    const { store, seen } = await find(t, 'lm-studio', { '/api/v0/models': v0, '/v1/models': openAi });
    const lists = (path: string): number => seen.filter((line) => line === `GET ${path}`).length;
    await store.when(() => lists('/api/v0/models') >= 3, 'three lists');
    assert.equal(lists('/api/v1/models'), 1);
  });
});

describe('the context length of llama-server', () => {
  test('is that of its requests, also if the list reports only that of the training', async (t) => {
    const { store } = await find(
      t,
      'llamacpp',
      respondWith({
        '/health': { status: 'ok' },
        '/v1/models': { data: [{ id: 'm', owned_by: 'llamacpp', meta: { n_ctx_train: 131_072 } }] },
        '/props': { total_slots: 1, default_generation_settings: { n_ctx: 4_096 } },
      }),
    );
    const { catalog } = await store.when(
      (snapshot) => snapshot.catalog.models[0]?.contextLength === 4_096,
      'its context',
    );
    const { modelsAt } = endpointIn(store.newest, 'e');
    assert.notEqual(modelsAt, null);
    assert.equal(catalog.models[0]?.locations[0]?.model.contextLength, 4_096);
  });
});
