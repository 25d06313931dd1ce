import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { profileOf } from '../table.ts';
import { detectFrom, readSignal } from '../../testing/responses.ts';

describe('Lemonade', () => {
  const lemonade = profileOf('lemonade');

  test('is recognised before Ollama, as which it answers too', () => {
    assert.equal(
      detectFrom({
        '/api/v1/health': { status: 'ok', model_loaded: null },
        '/api/tags': { models: [] },
        '/api/version': { version: '0.9.0' },
      }),
      'lemonade',
    );
  });

  test('reports the quantisation by the checkpoint', () => {
    const {
      models: [model],
    } = lemonade.readModels({
      data: [
        {
          id: 'Qwen3-8B-GGUF',
          checkpoint: 'unsloth/Qwen3-8B-GGUF:Q4_K_M',
          recipe: 'llamacpp',
          labels: ['reasoning'],
        },
      ],
    });
    assert.equal(model?.quantization, 'Q4_K_M');
    assert.equal(model?.kind, 'llm');
  });

  test('reports the loaded model in its health', () => {
    const health = { status: 'ok', model_loaded: 'Qwen3-8B-GGUF' };
    const resident = readSignal(lemonade, '/api/v1/health', health)?.resident;
    assert.deepEqual([...(resident?.keys() ?? [])], ['Qwen3-8B-GGUF']);
  });
});
