import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { isOpenAiPath, servesNatively, toBackendPath } from './paths.ts';
import { profileOf } from './table.ts';

describe('the paths of a type', () => {
  test('maps OpenAI paths to the base of the type', () => {
    const path = '/v1/chat/completions';
    assert.equal(toBackendPath(profileOf('vllm'), path), path);
    assert.equal(toBackendPath(profileOf('lemonade'), path), '/api/v1/chat/completions');
    assert.equal(toBackendPath(profileOf('docker-model-runner'), path), '/engines/v1/chat/completions');
    assert.equal(toBackendPath(profileOf('docker-model-runner'), '/engines/v1/models'), '/engines/v1/models');
  });

  test('gives native paths to their type only, by whole segments', () => {
    assert.equal(toBackendPath(profileOf('ollama'), '/api/chat'), '/api/chat');
    assert.equal(toBackendPath(profileOf('vllm'), '/api/chat'), null);
    assert.equal(servesNatively(profileOf('llamacpp'), '/slots/0'), true);
    assert.equal(servesNatively(profileOf('llamacpp'), '/slotsx'), false);
  });

  test("does not take Anthropic's messages for an OpenAI path", () => {
    assert.equal(isOpenAiPath('/v1/messages'), false);
    assert.equal(isOpenAiPath('/v1/messages/count_tokens'), false);
    assert.equal(isOpenAiPath('/v1/models'), true);
    assert.equal(toBackendPath(profileOf('ollama'), '/v1/messages'), '/v1/messages');
    assert.equal(toBackendPath(profileOf('sglang'), '/v1/messages'), null);
  });
});
