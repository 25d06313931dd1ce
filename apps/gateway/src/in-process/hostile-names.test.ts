import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { StatsModelsBody } from '@olla/admin-api/schema/stats';
import { applyControl, NO_CONTROL } from '@olla/state/apply-control';
import { jsonResponse, whenComplete, type Respond } from '@olla/testing/raw-backend';
import { CHAT, postBytes } from '@olla/testing/request-bytes';
import { startWithBackends } from '../../testing/gateway-with-backends.ts';

/** Properties of every plain object. */
const NAMES = Object.getOwnPropertyNames(Object.prototype);
const answer: Respond = (request) => whenComplete(request, () => request.socket.write(jsonResponse({})));

async function countedModels(get: <T>(path: string) => Promise<T>): Promise<(readonly [string, number])[]> {
  const { models } = await get<StatsModelsBody>('/internal/stats/models?include_endpoints=true');
  return models.map(({ name, total_requests: requests }) => [name, requests] as const);
}

describe('a model with the name of a property of every object', () => {
  test('is pulled, and counted like any other', async (t) => {
    const { send, get, gateway } = await startWithBackends(t, {
      only: { models: ['m'], type: 'ollama', respond: answer },
    });
    for (const name of NAMES) {
      const response = await send(postBytes(JSON.stringify({ model: name }), [], '/olla/ollama/api/pull'));
      assert.equal(response.status, 200, name);
    }
    assert.deepEqual(
      (await countedModels(get)).toSorted(),
      NAMES.map((name) => [name, 1] as const).toSorted(),
    );
    assert.deepEqual(
      gateway.log.lines.filter(({ level }) => level === 'error'),
      [],
    );
  });

  test('is unknown like any other that no endpoint has', async (t) => {
    const { send, chat } = await startWithBackends(t, {
      only: { models: ['m'], type: 'ollama', respond: answer },
      other: { models: ['n'], type: 'ollama', respond: answer },
    });
    for (const name of NAMES) {
      assert.equal((await chat(name)).status, 404, name);
      const shown = await send(postBytes(JSON.stringify({ model: name }), [], '/olla/ollama/api/show'));
      assert.equal(shown.status, 404, name);
    }
  });

  test('goes to any endpoint if the strategy optimistic sends unknown models to all', async (t) => {
    const { send, get } = await startWithBackends(
      t,
      { only: { models: ['m'], type: 'ollama', respond: answer } },
      {
        config: {
          model_registry: {
            routing_strategy: { type: 'optimistic', options: { fallback_behavior: 'all' } },
          },
        },
      },
    );
    for (const name of NAMES)
      for (const path of [CHAT, '/olla/ollama/api/show', '/olla/ollama/api/chat'])
        assert.equal((await send(postBytes(JSON.stringify({ model: name }), [], path))).status, 200, name);
    assert.deepEqual(
      (await countedModels(get)).toSorted(),
      NAMES.map((name) => [name, 3] as const).toSorted(),
    );
  });

  test('is listed and served if an endpoint has it', async (t) => {
    const { chat, get } = await startWithBackends(t, { only: { models: NAMES, respond: answer } });
    for (const name of NAMES) assert.equal((await chat(name)).status, 200, name);
    const { data } = await get<{ data: { id: string }[] }>('/olla/openai/v1/models');
    assert.deepEqual(data.map(({ id }) => id).toSorted(), NAMES.toSorted());
    await get('/internal/status/models');
    await get('/olla/models');
  });
});

test('an endpoint with the name of a property of every object is drained and resumed', () => {
  for (const endpoint of NAMES) {
    const drained = applyControl(NO_CONTROL, { action: 'drain', endpoint, by: 'ops' }, 1);
    assert.deepEqual(Object.entries(drained.drained), [[endpoint, { by: 'ops', at: 1 }]]);
    const resumed = applyControl(drained, { action: 'resume', endpoint, by: 'ops' }, 2);
    assert.deepEqual(Object.keys(resumed.drained), []);
  }
});
