import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { estimateDistinct, joinDistinct, newDistinctCount, noteDistinct } from './distinct-count.ts';

const address = (n: number): string => `10.${n >> 16}.${(n >> 8) & 255}.${n & 255}`;

function countOf(from: number, to: number) {
  const count = newDistinctCount();
  for (let n = from; n < to; n += 1)
    for (let times = 0; times < 3; times += 1) noteDistinct(count, address(n));
  return count;
}

describe('a distinct count', () => {
  test('none, one and a few are exact; some hundred are within a tenth', () => {
    for (const n of [0, 1, 2, 5]) assert.equal(estimateDistinct(countOf(0, n)), n);
    for (const n of [50, 200, 500]) {
      const estimate = estimateDistinct(countOf(0, n));
      assert.ok(Math.abs(estimate - n) <= n / 10, `${estimate} for ${n}`);
    }
  });

  test('a text that two have seen counts once', () => {
    const both = countOf(0, 60);
    joinDistinct(both, countOf(40, 100));
    assert.equal(estimateDistinct(both), estimateDistinct(countOf(0, 100)));
  });

  test('it stays a number when it is full', () => {
    assert.ok(Number.isFinite(estimateDistinct(countOf(0, 20_000))));
  });
});
