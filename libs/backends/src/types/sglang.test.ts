import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { profileOf } from '../table.ts';
import { detectFrom, listOf, readSignal } from '../../testing/responses.ts';

describe('SGLang', () => {
  const sglang = profileOf('sglang');

  test('is recognised by the owner of its models, or by its model info', () => {
    assert.equal(detectFrom({ '/v1/models': listOf('sglang', { id: 'a' }) }), 'sglang');
    assert.equal(detectFrom({ '/get_model_info': { model_path: 'a', is_generation: true } }), 'sglang');
  });

  test('reports running, waiting and memory', () => {
    const text =
      'sglang:num_running_reqs{m="a"} 1.0\nsglang:num_queue_reqs{m="a"} 4.0\nsglang:token_usage{m="a"} 0.5\n';
    assert.deepEqual(readSignal(sglang, '/metrics', text), { running: 1, queued: 4, kvUsage: 0.5 });
  });
});
