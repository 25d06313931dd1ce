import { advance, newBucket, spend, UNITS_PER_TOKEN, wholeTokens } from '../bucket.ts';
import type { Claim } from './batch.ts';

/**
 * Takes a token of each limit from this worker's own share: limit ÷ workers, never below 1. The share starts with
 * this worker's part of the store's last known level, so that a reply that was only late admits hardly any more.
 *
 * @returns false, without taking any token, if one limit has none
 */
export function takeOwnShare(claims: readonly Claim[], workers: number, nowMs: number): boolean {
  const buckets = claims.map(({ spec, entry }) => {
    const capacity = Math.max(1, Math.floor(spec.capacity / workers));
    if (entry.ownShare === null) {
      const known = Math.floor(entry.remaining(spec.capacity) / workers);
      entry.ownShare = newBucket(Math.max(1, spec.ratePerMinute / workers), capacity, Math.floor(nowMs));
      entry.ownShare.units = Math.min(capacity, known) * UNITS_PER_TOKEN;
    }
    advance(entry.ownShare, Math.floor(nowMs));
    return entry.ownShare;
  });
  if (buckets.some((bucket) => wholeTokens(bucket) < 1)) return false;
  for (const bucket of buckets) spend(bucket, 1);
  return true;
}
