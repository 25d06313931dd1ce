import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { profileOf } from '../table.ts';
import { detectFrom, listOf, response } from '../../testing/responses.ts';

describe('LiteLLM', () => {
  const litellm = profileOf('litellm');

  test('is recognised by its liveliness', () => {
    const list = listOf('openai', { id: 'gpt-4o' });
    assert.equal(detectFrom({ '/health/liveliness': '"I\'m alive!"', '/v1/models': list }), 'litellm');
  });

  test('refuses a wrong key with a 400 where it has no database', () => {
    const body =
      '{"error":{"message":"No connected db.","type":"no_db_connection","param":null,"code":"400"}}';
    const verdict = litellm.checkModelsAccess(response(400, body));
    assert.equal(!verdict.ok && verdict.state, 'config_error');
  });
});
