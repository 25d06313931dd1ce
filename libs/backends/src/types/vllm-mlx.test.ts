import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { profileOf } from '../table.ts';
import { detectFrom, listOf } from '../../testing/responses.ts';

describe('vLLM-MLX', () => {
  test('vLLM-MLX is recognised by the owner of its models, and not taken for vLLM', () => {
    const list = listOf('vllm-mlx', { id: 'mlx-community/gemma-3-4b-it-4bit' });
    assert.equal(detectFrom({ '/v1/models': list }), 'vllm-mlx');
    assert.equal(profileOf('vllm-mlx').anthropic?.countTokensPath, '/v1/messages/count_tokens');
  });
});
