import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addedByRound, median, ratiosByRound, spreadOf } from './statistics.ts';

test('returns the middle value as the median, or the mean of the two in the middle', () => {
  assert.equal(median([9, 1, 5]), 5);
  assert.equal(median([4, 1, 3, 2]), 2.5);
  assert.equal(median([]), undefined);
});

test('leaves out rounds without a value from a spread', () => {
  assert.deepEqual(spreadOf([3, undefined, 1, Number.NaN, 2]), { median: 2, min: 1, max: 3, rounds: 3 });
  assert.equal(spreadOf([undefined]), undefined);
});

test('takes ratios within a round, so that a slow round cancels out', () => {
  assert.deepEqual(ratiosByRound([20, 200, 30], [10, 100, 10]), { median: 2, min: 2, max: 3, rounds: 3 });
});

test('has no ratio for a round without a positive reference', () => {
  assert.equal(ratiosByRound([1, 2, 3], [0, undefined, -1]), undefined);
  assert.deepEqual(ratiosByRound([1, 2], [0, 1]), { median: 2, min: 2, max: 2, rounds: 1 });
});

test('subtracts the base of the same round', () => {
  assert.deepEqual(addedByRound([5, 9, 4], [1, 2, undefined]), [4, 7, undefined]);
});
