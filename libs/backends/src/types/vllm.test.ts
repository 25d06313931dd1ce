import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { profileOf } from '../table.ts';
import { detectFrom, listOf, readSignal } from '../../testing/responses.ts';

describe('vLLM', () => {
  const vllm = profileOf('vllm');
  const list = listOf('vllm', { id: 'meta-llama/Llama-3.1-8B-Instruct', max_model_len: 32768 });

  test('is recognised by the owner of its models', () => {
    assert.equal(detectFrom({ '/v1/models': list }), 'vllm');
  });

  test('reports the context length, and has the listed models in memory', () => {
    const {
      models: [model],
    } = vllm.readModels(list);
    assert.equal(model?.contextLength, 32768);
    assert.equal(model?.resident, true);
  });

  test('reports running, waiting and memory over all engines, by the older names too', () => {
    const text = [
      '# HELP vllm:num_requests_running Number of requests',
      'vllm:num_requests_running{engine="0",model_name="a"} 3.0',
      'vllm:num_requests_running{engine="1",model_name="a"} 2.0',
      'vllm:num_requests_waiting{engine="0",model_name="a"} 7.0',
      'vllm:num_requests_waiting_by_reason{engine="0"} 99.0',
      'vllm:gpu_cache_usage_perc{engine="0"} 0.25',
    ].join('\n');
    assert.deepEqual(readSignal(vllm, '/metrics', text), { running: 5, queued: 7, kvUsage: 0.25 });
    assert.equal(readSignal(vllm, '/metrics', 'python_gc_objects_collected_total 1\n'), null);
  });

  test('reports its version', () => {
    assert.deepEqual(readSignal(vllm, '/version', { version: '0.11.1' }), { serverVersion: '0.11.1' });
  });
});
