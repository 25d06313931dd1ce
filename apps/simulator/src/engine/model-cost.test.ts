import assert from 'node:assert/strict';
import { test } from 'node:test';
import { estimateCost, guessSizeB } from './model-cost.ts';

test('reads the size from the usual model names', () => {
  const sizes = [
    'qwen3:14b',
    'Llama-3.1-8B-Instruct',
    'gemma3:270m',
    'phi-4',
    'mistral-small:24b',
    'llama3.2:1b',
  ];
  assert.deepEqual(sizes.map(guessSizeB), [14, 8, 0.27, 7.5, 24, 1]);
});

test('makes larger models slower and larger in memory, and 16-bit models larger still', () => {
  const [small, large] = [estimateCost(3, false), estimateCost(24, false)];
  assert.equal(Math.round(small.decodeTps), 170);
  assert.equal(Math.round(large.memoryGb * 10), 165);
  const half = estimateCost(8, true);
  assert.ok(half.decodeTps > 28 && half.decodeTps < 36, `${half.decodeTps}`);
  assert.ok(half.memoryGb > 16 && half.memoryGb < 20, `${half.memoryGb}`);
  assert.ok(estimateCost(70, false).decodeTps < large.decodeTps);
});
