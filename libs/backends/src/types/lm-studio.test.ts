import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { profileByPrefix, profileOf } from '../table.ts';
import { detectFrom } from '../../testing/responses.ts';

describe('LM Studio', () => {
  const lmStudio = profileOf('lm-studio');

  test('is reached by each of its three prefixes', () => {
    for (const prefix of ['lmstudio', 'lm-studio', 'lm_studio'])
      assert.equal(profileByPrefix(prefix), lmStudio, prefix);
  });

  test('is recognised by the state of each model in its own list', () => {
    const data = [{ id: 'phi-4-mini', state: 'loaded' }];
    assert.equal(detectFrom({ '/api/v0/models': { object: 'list', data } }), 'lm-studio');
    assert.equal(detectFrom({ '/api/v0/models': { object: 'list', data: [{ id: 'phi-4-mini' }] } }), null);
  });

  test('reports type, state and quantisation', () => {
    const {
      models: [chat, embed],
    } = lmStudio.readModels({
      object: 'list',
      data: [
        {
          id: 'phi-4-mini',
          object: 'model',
          type: 'vlm',
          publisher: 'lmstudio-community',
          arch: 'phi3',
          compatibility_type: 'gguf',
          quantization: 'Q4_K_M',
          state: 'loaded',
          max_context_length: 32768,
          loaded_context_length: 4096,
        },
        { id: 'text-embed-small', type: 'embeddings', state: 'not-loaded' },
      ],
    });
    assert.equal(chat?.resident, true);
    assert.equal(chat?.kind, 'vlm');
    assert.equal(chat?.format, 'gguf');
    assert.equal(chat?.contextLength, 32768);
    assert.equal(chat?.loadedAs?.contextLength, 4096);
    assert.equal(embed?.resident, false);
    assert.equal(embed?.kind, 'embeddings');
  });

  test('does not report the state in the list of older versions', () => {
    const {
      models: [plain],
    } = lmStudio.readModels({ object: 'list', data: [{ id: 'plain' }] });
    assert.equal(plain?.resident, null);
  });
});
