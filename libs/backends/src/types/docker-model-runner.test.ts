import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { profileByPrefix, profileOf } from '../table.ts';
import { detectFrom, listOf } from '../../testing/responses.ts';

describe('Docker Model Runner', () => {
  test('Docker Model Runner is recognised by the list below /engines, and reached by dmr', () => {
    assert.equal(
      detectFrom({ '/engines/v1/models': listOf('docker', { id: 'ai/gemma3' }) }),
      'docker-model-runner',
    );
    assert.equal(profileByPrefix('dmr'), profileOf('docker-model-runner'));
  });
});
