import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { operationOf } from './gen-ai-attributes.ts';

describe('operationOf', () => {
  test('is the operation of a POST to an inference path, and null for other requests', () => {
    const operations: Record<string, ReturnType<typeof operationOf>> = {
      '/olla/openai/v1/chat/completions': 'chat',
      '/olla/ollama/api/chat': 'chat',
      '/olla/anthropic/v1/messages': 'chat',
      '/olla/openai/v1/responses': 'chat',
      '/olla/openai/v1/completions': 'text_completion',
      '/olla/ollama/api/generate': 'text_completion',
      '/olla/llamacpp/completion': 'text_completion',
      '/olla/openai/v1/embeddings': 'embeddings',
      '/olla/ollama/api/embed': 'embeddings',
      '/olla/ollama/api/embeddings': 'embeddings',
      '/olla/vllm/v1/messages/count_tokens': null,
      '/olla/vllm/v1/rerank': null,
      '/olla/ollama/api/tags': null,
    };
    for (const [path, operation] of Object.entries(operations))
      assert.equal(operationOf('POST', path), operation, path);
    assert.equal(operationOf('GET', '/olla/openai/v1/responses'), null);
  });
});
