import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { profileOf } from '../table.ts';
import { detectFrom, listOf } from '../../testing/responses.ts';

describe('oMLX', () => {
  test('oMLX is recognised by the owner of its models, and does not report whether they are loaded', () => {
    const list = listOf('omlx', { id: 'gemma-3-4b-it-4bit' });
    assert.equal(detectFrom({ '/v1/models': list }), 'omlx');
    assert.equal(profileOf('omlx').readModels(list).models[0]?.resident, null);
  });
});
