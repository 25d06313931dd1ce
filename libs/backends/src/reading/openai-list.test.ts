import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { readOpenAiList } from './openai-list.ts';

const read = (entry: object) => readOpenAiList({ data: [{ id: 'm', ...entry }] }).models[0];

describe("an entry of OpenAI's list", () => {
  for (const entry of [
    { max_model_len: 8192 },
    { context_length: 8192 },
    { context_window: 8192 },
    { max_context_length: 8192 },
    { max_context_window: 8192 },
    { max_input_tokens: 8192 },
    { meta: { n_ctx: 8192 } },
    { metadata: { context_length: 8192 } },
    { context_length: null, max_model_len: 8192 },
  ])
    test(`has its context length as ${JSON.stringify(entry)}`, () =>
      assert.equal(read(entry)?.contextLength, 8192));

  test('has no context length if the value is not valid', () => {
    for (const context_length of ['8k', -1, 0, 1.5, {}])
      assert.equal(read({ context_length })?.contextLength, null);
  });

  for (const [entry, kind] of [
    [{ type: 'chat' }, 'llm'],
    [{ type: 'embedding' }, 'embeddings'],
    [{ type: 'rerank' }, 'rerank'],
    [{ capabilities: { completion_chat: true, function_calling: true, vision: true } }, 'vlm'],
    [{ capabilities: { completion_chat: true, vision: false } }, 'llm'],
    [{ architecture: { input_modalities: ['text', 'image'] } }, 'vlm'],
    [{ capabilities: ['embeddings'] }, 'embeddings'],
    [{}, 'unknown'],
  ] as const)
    test(`is ${kind} by ${JSON.stringify(entry)}`, () => assert.equal(read(entry)?.kind, kind));

  test('keeps fields beyond its own, but no path, key or address of the server', () => {
    const more = { name: 'M', pricing: { prompt: '0' }, supported_parameters: ['tools'] };
    const hidden = {
      root: '/srv/m.gguf',
      path: '/srv',
      litellm_params: { api_key: 'k' },
      api_base: 'http://10.0.0.1',
    };
    assert.deepEqual(
      read({ object: 'model', created: 1, owned_by: 'x', ...more, ...hidden })?.openAiFields,
      more,
    );
    assert.equal(read({ created: 1 })?.openAiFields, undefined);
  });

  test('keeps no field that is long or has control characters', () => {
    const entry = { description: 'x'.repeat(5000), title: 'a\u009bb', icon: 'i' };
    assert.deepEqual(read(entry)?.openAiFields, { icon: 'i' });
    const many = Object.fromEntries(Array.from({ length: 100 }, (_, at) => [`f${at}`, 'x'.repeat(100)]));
    assert.ok(JSON.stringify(read(many)?.openAiFields).length < 4_096);
  });
});
