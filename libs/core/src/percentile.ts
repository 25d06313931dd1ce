import { LATENCY_BUCKETS_MS } from './statistics.ts';

/**
 * A percentile from counts by latency bucket, interpolated within its bucket.
 *
 * @param share 0 to 1
 * @param maxMs the longest measured time, if known: no percentile is above it
 * @returns milliseconds, or null if nothing was counted
 */
export function percentileMs(buckets: readonly number[], share: number, maxMs?: number): number | null {
  const count = buckets.reduce((sum, each) => sum + each, 0);
  if (count === 0) return null;
  const rank = share * count;
  let before = 0;
  for (const [index, inBucket] of buckets.entries()) {
    if (inBucket > 0 && before + inBucket >= rank) {
      const lower = index === 0 ? 0 : (LATENCY_BUCKETS_MS[index - 1] ?? 0);
      // The last bucket has no upper bound: only its lower bound and the maximum are known.
      const upper = LATENCY_BUCKETS_MS[index] ?? Math.max(lower, maxMs ?? lower);
      const value = lower + ((upper - lower) * Math.max(0, rank - before)) / inBucket;
      return Math.round(maxMs === undefined ? value : Math.min(value, maxMs));
    }
    before += inBucket;
  }
  return null;
}
