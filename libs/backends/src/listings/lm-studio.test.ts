import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { newModel } from '../reading/model.ts';
import { profileOf } from '../table.ts';
import { answerForFleet } from './answer-for-fleet.ts';
import { entriesAt, entryAt, fleetOf, server, type Entry } from '../../testing/listed-fleet.ts';

describe("LM Studio's own lists", () => {
  const v1 = (key: string, length = 8_192) => ({
    models: [
      {
        type: 'llm',
        key,
        display_name: 'M',
        max_context_length: length,
        loaded_instances: [{ id: key, config: { context_length: 4_096 } }],
        capabilities: { vision: true, trained_for_tool_use: true },
      },
    ],
  });
  const v0 = (id: string) => ({
    object: 'list',
    data: [
      {
        id,
        object: 'model',
        type: 'vlm',
        publisher: 'org',
        arch: 'qwen2_vl',
        compatibility_type: 'mlx',
        quantization: '4bit',
        state: 'not-loaded',
        max_context_length: 8_192,
      },
    ],
  });

  test('of version 1 have each model unchanged, of all servers', () => {
    const fleet = fleetOf([server('lm-studio', 's', v1('org/m-s')), server('lm-studio', 'u', v1('org/m-u'))]);
    const answer = answerForFleet(profileOf('lm-studio'), '/api/v1/models', fleet);
    const { models, ...rest } = (answer?.found ? answer.body : {}) as { models: Entry[] };
    assert.deepEqual(rest, {});
    for (const key of ['org/m-s', 'org/m-u']) {
      const entry = models.find((one) => one['key'] === key);
      for (const [field, value] of Object.entries(v1(key).models[0] ?? {}))
        assert.deepEqual(entry?.[field], value);
    }
    const entries = entriesAt(fleet, profileOf('lm-studio'), '/api/v0/models');
    assert.deepEqual(
      entries.map(({ id, type, state, max_context_length: max, loaded_context_length: loaded }) => [
        id,
        type,
        state,
        max,
        loaded,
      ]),
      [
        ['org/m-s', 'vlm', 'loaded', 8_192, 4_096],
        ['org/m-u', 'vlm', 'loaded', 8_192, 4_096],
      ],
    );
  });

  test('of version 0 have each model unchanged, even if the server has version 1 too', () => {
    for (const further of [undefined, v1('org/m-s')]) {
      const fleet = fleetOf([server('lm-studio', 's', v0('org/m-s'), further)]);
      const [entry] = entriesAt(fleet, profileOf('lm-studio'), '/api/v0/models');
      for (const [field, value] of Object.entries(v0('org/m-s').data[0] ?? {}))
        assert.equal(entry?.[field], value);
      assert.deepEqual(entryAt(fleet, profileOf('lm-studio'), '/api/v0/models/org/m-s'), entry);
    }
  });

  test('of version 1 are made of version 0 where a server has no other', () => {
    const loaded = {
      ...v0('m').data[0],
      state: 'loaded',
      loaded_context_length: 2_048,
      capabilities: ['tool_use'],
    };
    const fleet = fleetOf([
      server('lm-studio', 's', { data: [loaded] }),
      server('lm-studio', 'u', v1('org/m-u')),
    ]);
    const entries = entriesAt(fleet, profileOf('lm-studio'), '/api/v1/models');
    assert.deepEqual(
      entries.find(({ key }) => key === 'm'),
      {
        type: 'llm',
        publisher: 'org',
        key: 'm',
        display_name: 'm',
        architecture: 'qwen2_vl',
        quantization: { name: '4bit', bits_per_weight: null },
        size_bytes: 0,
        params_string: null,
        loaded_instances: [{ id: 'm', config: { context_length: 2_048 } }],
        max_context_length: 8_192,
        format: 'mlx',
        capabilities: { vision: true, trained_for_tool_use: true },
        description: null,
      },
    );
  });

  test('have the instances of all servers and the smallest length of a model that several have', () => {
    const instance = (id: string) => ({ id, config: { context_length: 4_096 } });
    const second = v1('m', 2_048);
    Object.assign(second.models[0] ?? {}, { loaded_instances: [instance('m:2')] });
    const fleet = fleetOf([server('lm-studio', 's', v1('m')), server('lm-studio', 'u', second)]);
    const entries = entriesAt(fleet, profileOf('lm-studio'), '/api/v1/models');
    assert.equal(entries.length, 1);
    assert.deepEqual(entries[0]?.['loaded_instances'], [instance('m'), instance('m:2')]);
    assert.equal(entries[0]?.['max_context_length'], 2_048);
    assert.ok(fleet.names.steps('m:2').length > 0, 'an instance works as model');
  });

  test('have no other word for the type of a model than LM Studio has', () => {
    const kinds = ['llm', 'vlm', 'embeddings', 'rerank', 'audio', 'image', 'unknown'] as const;
    const models = kinds.map((kind) => newModel(kind, { kind }));
    const entries = entriesAt(
      fleetOf([{ name: 's', type: 'lm-studio', models }]),
      profileOf('lm-studio'),
      '/api/v0/models',
    );
    const types = new Set(entries.map(({ type }) => type));
    assert.deepEqual([...types].sort(), ['embeddings', 'llm', 'vlm']);
  });

  test('have texts for all that a client reads of a model of which little is known', () => {
    const fleet = fleetOf([server('lm-studio', 's', { data: [{ id: 'plain' }] })]);
    assert.deepEqual(entriesAt(fleet, profileOf('lm-studio'), '/api/v0/models'), [
      {
        id: 'plain',
        object: 'model',
        type: 'llm',
        publisher: '',
        arch: '',
        compatibility_type: 'gguf',
        quantization: '',
        state: 'not-loaded',
      },
    ]);
  });
});
