import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addedByRound, median, ratiosByRound, spreadOf } from './statistics.ts';

test('the median is the middle value, or the mean of the two in the middle', () => {
  assert.equal(median([9, 1, 5]), 5);
  assert.equal(median([4, 1, 3, 2]), 2.5);
  assert.equal(median([]), undefined);
});

test('a spread leaves out rounds without a value', () => {
  assert.deepEqual(spreadOf([3, undefined, 1, Number.NaN, 2]), { median: 2, min: 1, max: 3, rounds: 3 });
  assert.equal(spreadOf([undefined]), undefined);
});

test('ratios are taken within a round, so a round on a slow machine changes nothing', () => {
  assert.deepEqual(ratiosByRound([20, 200, 30], [10, 100, 10]), { median: 2, min: 2, max: 3, rounds: 3 });
});

test('a round in which the reference is missing, zero or negative has no ratio', () => {
  assert.equal(ratiosByRound([1, 2, 3], [0, undefined, -1]), undefined);
  assert.deepEqual(ratiosByRound([1, 2], [0, 1]), { median: 2, min: 2, max: 2, rounds: 1 });
});

test('added latency is above the base of the same round', () => {
  assert.deepEqual(addedByRound([5, 9, 4], [1, 2, undefined]), [4, 7, undefined]);
});
