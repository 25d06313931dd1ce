import assert from 'node:assert/strict';
import { test } from 'node:test';
import { showAge, showCount, showMs, showRate, showShare } from './numbers.ts';

test('shows an unknown value as a dash', () => {
  assert.deepEqual([showCount(null), showMs(null), showRate(null), showShare(null)], ['-', '-', '-', '-']);
});

test('shows short numbers with their unit', () => {
  assert.deepEqual([0, 1_204, 12_345_678].map(showCount), ['0', '1,204', '12.3M']);
  assert.deepEqual([0, 999, 1_900, 9_949, 9_960, 35_000, 155_000].map(showMs), [
    '0ms',
    '999ms',
    '1.9s',
    '9.9s',
    '10s',
    '35s',
    '2m35',
  ]);
  assert.deepEqual([0, 31.42, 99.96, 2_100].map(showRate), ['0.0', '31.4', '100', '2,100']);
  assert.deepEqual([0, 0.0002, 0.004, 0.12, 1].map(showShare), ['0%', '<0.1%', '0.4%', '12%', '100%']);
  assert.deepEqual([37_400, 61_000, 7_500_000, 273_600_000].map(showAge), ['37s', '1m1s', '2h5m', '3d4h']);
});
