import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { bucketOf, LATENCY_BUCKETS_MS } from './statistics.ts';
import { percentileMs } from './percentile.ts';

function bucketsOf(samples: readonly number[]): number[] {
  const buckets = new Array<number>(LATENCY_BUCKETS_MS.length + 1).fill(0);
  for (const ms of samples) buckets[bucketOf(ms)] = (buckets[bucketOf(ms)] ?? 0) + 1;
  return buckets;
}

describe('percentileMs', () => {
  test('is null if nothing was counted', () => {
    assert.equal(percentileMs(bucketsOf([]), 0.95), null);
  });

  test('a percentile lies in the bucket of the sample of that rank, and never above the maximum', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 900_000 }), { minLength: 1, maxLength: 50 }),
        fc.double({ min: 0.01, max: 1, noNaN: true }),
        (samples, share) => {
          const sorted = samples.toSorted((a, b) => a - b);
          const exact = sorted[Math.ceil(share * sorted.length) - 1] ?? 0;
          const max = sorted.at(-1) ?? 0;
          const found = percentileMs(bucketsOf(samples), share, max);
          assert.ok(found !== null && found <= max);
          const upper = LATENCY_BUCKETS_MS[bucketOf(exact)] ?? Number.POSITIVE_INFINITY;
          const lower = bucketOf(exact) === 0 ? 0 : (LATENCY_BUCKETS_MS[bucketOf(exact) - 1] ?? 0);
          assert.ok(
            found >= Math.min(lower, max) && found <= upper,
            `${found} is not within ${lower}…${upper}`,
          );
        },
      ),
      { numRuns: 300 },
    );
  });
});
