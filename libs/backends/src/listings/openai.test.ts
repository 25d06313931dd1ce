import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { profileOf } from '../table.ts';
import { answerForFleet } from './answer-for-fleet.ts';
import { entriesAt, entryAt, fleetOf, server, type Entry } from '../../testing/listed-fleet.ts';
import { listOf } from '../../testing/responses.ts';

describe('the context length', () => {
  const vllm = (name: string, length: number) =>
    server('vllm', name, listOf('vllm', { id: 'm-v', max_model_len: length }));
  const meta = { n_ctx: 16_384, n_ctx_train: 131_072 };
  const fleet = fleetOf([
    vllm('v1', 32_768),
    vllm('v2', 8_192),
    server('llamacpp', 'l', listOf('llamacpp', { id: 'm-l', meta })),
    server('openai-compatible', 'p', listOf('x', { id: 'm-p', context_length: 65_536 })),
    server('ollama', 'o', { models: [{ name: 'm-o:latest', details: { context_length: 4_096 } }] }),
  ]);
  const lengths = { 'm-v': 8_192, 'm-l': 16_384, 'm-p': 65_536, 'm-o:latest': 4_096 };

  test("is in OpenAI's list under both of its names, the smallest where servers differ", () => {
    for (const scope of ['openai', 'any'] as const) {
      const entries = entriesAt(fleet, scope, '/v1/models');
      for (const [id, length] of Object.entries(lengths)) {
        const listed = entries.find((entry) => entry['id'] === id);
        const one = entryAt(fleet, scope, `/v1/models/${id}`);
        for (const entry of [listed, one])
          assert.deepEqual([entry?.['context_length'], entry?.['max_model_len']], [length, length], id);
      }
    }
  });

  test("is in each type's own list under the name of its servers", () => {
    assert.equal(entriesAt(fleet, profileOf('vllm'), '/v1/models')[0]?.['max_model_len'], 8_192);
    assert.equal(entryAt(fleet, profileOf('vllm'), '/v1/models/m-v')['max_model_len'], 8_192);
    for (const path of ['/v1/models', '/models'])
      assert.deepEqual(entriesAt(fleet, profileOf('llamacpp'), path)[0]?.['meta'], meta);
    const details = entriesAt(fleet, profileOf('ollama'), '/api/tags')[0]?.['details'] as Entry;
    assert.equal(details['context_length'], 4_096);
  });

  test('of a server is not shown at a server that does not report its own', () => {
    const mixed = fleetOf([vllm('v1', 32_768), server('sglang', 's', listOf('sglang', { id: 'm-v' }))]);
    assert.ok(!('context_length' in (entriesAt(mixed, profileOf('sglang'), '/v1/models')[0] ?? {})));
  });
});

describe("llama-server's own list", () => {
  const llama = (name: string, id: string) =>
    server('llamacpp', name, {
      models: [{ name: id, model: id, capabilities: ['completion', 'multimodal'] }],
      object: 'list',
      data: [
        {
          id,
          aliases: [id, 'short'],
          tags: ['fast'],
          object: 'model',
          created: 1_795_392_466,
          owned_by: 'llamacpp',
          meta: {
            n_ctx: 2_048,
            n_ctx_train: 4_096,
            n_params: 581_504,
            size: 1_164_288,
            ftype: 'F16',
            n_embd: 128,
          },
        },
      ],
    });

  test('has meta, aliases and tags as the server has them, of all servers', () => {
    const fleet = fleetOf([llama('l1', 'tiny'), llama('l2', 'other')]);
    for (const path of ['/v1/models', '/models']) {
      const entries = entriesAt(fleet, profileOf('llamacpp'), path);
      assert.deepEqual(entries.map(({ id }) => id).sort(), ['other', 'tiny']);
      for (const { aliases, tags, meta } of entries) {
        assert.ok((aliases as string[]).includes('short'));
        assert.deepEqual(tags, ['fast']);
        assert.equal((meta as Entry)['n_embd'], 128);
      }
    }
    const answer = answerForFleet(profileOf('llamacpp'), '/v1/models', fleet);
    const { models } = (answer?.found ? answer.body : {}) as { models: Entry[] };
    assert.deepEqual(models.map(({ name, capabilities }) => [name, capabilities]).sort(), [
      ['other', ['completion', 'multimodal']],
      ['tiny', ['completion', 'multimodal']],
    ]);
  });

  test('adds size, quantisation and abilities of the model to the catalog', () => {
    const { models } = fleetOf([llama('l1', 'tiny')]);
    const { quantization, kind, parameterSize, parameterCount } = models[0] ?? {};
    assert.deepEqual([quantization, kind, parameterSize, parameterCount], ['F16', 'vlm', '582k', 582_000]);
  });

  test('has the context of requests even if only the load signals report it', () => {
    const [model] = server(
      'llamacpp',
      'l',
      listOf('llamacpp', { id: 'tiny', meta: { n_ctx_train: 4_096 } }),
    ).models;
    assert.ok(model);
    const fleet = fleetOf([{ name: 'l', type: 'llamacpp', models: [{ ...model, contextLength: 2_048 }] }]);
    assert.deepEqual(entriesAt(fleet, profileOf('llamacpp'), '/v1/models')[0]?.['meta'], {
      n_ctx_train: 4_096,
      n_ctx: 2_048,
    });
  });
});

describe('parameter size and quantisation', () => {
  const detailsOf = (name: string, details: Entry): unknown[] => {
    const { models } = fleetOf([server('ollama', 'a', { models: [{ name, details }] })]);
    return [models[0]?.parameterSize, models[0]?.quantization];
  };

  test('are those that the server reports, and those of the name only if it reports none', () => {
    const reported = { parameter_size: '7.6B', quantization_level: 'Q5_K_M' };
    assert.deepEqual(detailsOf('qwen2.5:7b-instruct-q4_0', reported), ['7.6b', 'Q5_K_M']);
    assert.deepEqual(detailsOf('qwen2.5:7b-instruct-q4_0', {}), ['7b', 'Q4_0']);
    assert.deepEqual(detailsOf('qwen2.5:7b-instruct-q4_0', { quantization_level: 'unknown' }), [
      '7b',
      'Q4_0',
    ]);
    assert.deepEqual(detailsOf('mine:latest', reported), ['7.6b', 'Q5_K_M']);
  });
});

describe("a plain server's own fields", () => {
  test("are in OpenAI's list, where they cannot replace the gateway's", () => {
    const more = { type: 'chat', pricing: { prompt: '0' }, id: 'm', created: 1, owned_by: 'them' };
    const fleet = fleetOf([server('openai-compatible', 'p', { data: [more] })]);
    const [entry] = entriesAt(fleet, 'openai', '/v1/models');
    assert.equal(entry?.['owned_by'], 'olla');
    assert.equal(entry?.['type'], 'chat');
    assert.deepEqual(entry?.['pricing'], { prompt: '0' });
    assert.ok(Number.isInteger(entry?.['created']));
  });

  test("of an adapter name its base in vLLM's list, and no path of the server", () => {
    const adapter = { id: 'sql-lora', root: '/srv/lora', parent: 'base' };
    const fleet = fleetOf([server('vllm', 'v', listOf('vllm', adapter))]);
    const [entry] = entriesAt(fleet, profileOf('vllm'), '/v1/models');
    assert.deepEqual([entry?.['parent'], entry?.['root']], ['base', 'sql-lora']);
  });
});
