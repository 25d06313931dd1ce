import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { DEFAULT_PROFILE, profileOf } from '../table.ts';
import { detectFrom, listOf } from '../../testing/responses.ts';

describe('an OpenAI-compatible server', () => {
  test('an OpenAI-compatible server is one with a list of models and the signs of no other type', () => {
    assert.equal(detectFrom({ '/v1/models': listOf('someone', { id: 'a' }) }), 'openai-compatible');
    assert.equal(detectFrom({ '/v1/models': 'hello' }), null);
    assert.equal(DEFAULT_PROFILE, profileOf('openai-compatible'));
  });
});
