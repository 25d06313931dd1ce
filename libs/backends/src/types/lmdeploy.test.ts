import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { profileOf } from '../table.ts';
import { detectFrom, listOf } from '../../testing/responses.ts';

describe('LMDeploy', () => {
  test('LMDeploy is recognised by the owner of its models, which it holds', () => {
    const list = listOf('lmdeploy', { id: 'internlm/internlm2_5-7b-chat' });
    assert.equal(detectFrom({ '/v1/models': list }), 'lmdeploy');
    assert.equal(profileOf('lmdeploy').readModels(list).models[0]?.resident, true);
  });
});
