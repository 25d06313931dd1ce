import {
  advance,
  lease,
  LEASE_TTL_MS,
  msToFull,
  msToNextToken,
  newBucket,
  reconfigure,
  settle,
  spend,
  strandedFor,
  UNITS_PER_TOKEN,
  wholeTokens,
} from '../bucket.ts';
import type { Bucket } from '../bucket.ts';
import { StateError } from '../port.ts';
import type { LeaseAsk, LeaseGrant, LeaseReturn } from '../port.ts';

/** Most buckets kept; each is forgotten when it is full again, so only a flood of addresses comes near. */
const MAX_BUCKETS = 500_000;
/** Buckets looked at by one sweep. */
const SWEEP_STEP = 20_000;

/** All limits' buckets of one store. Synchronous: one call is one transaction. */
export class Buckets {
  readonly #buckets = new Map<string, Bucket>();
  readonly #now: () => number;
  #sweepAt: IterableIterator<[string, Bucket]> | null = null;

  /** @param now milliseconds that never run backwards */
  constructor(now: () => number) {
    this.#now = () => Math.floor(now());
  }

  get size(): number {
    return this.#buckets.size;
  }

  /**
   * Grants all needs or none, so that a refusal by one limit costs nothing in another.
   *
   * @param onStranded called for each key whose tokens are missing here but out with other holders
   */
  take(
    holder: string,
    asks: readonly LeaseAsk[],
    liveWorkers: number,
    onStranded?: (key: string) => void,
  ): LeaseGrant[] {
    checkAsks(asks);
    const nowMs = this.#now();
    const buckets = asks.map((ask) => this.#open(ask, nowMs));
    const enough = buckets.every((bucket, i) => wholeTokens(bucket) >= (asks[i] as LeaseAsk).need);
    return asks.map((ask, i) => {
      const bucket = buckets[i] as Bucket;
      const short = wholeTokens(bucket) < ask.need;
      const stranded = strandedFor(bucket, holder);
      if (short && stranded > 0) onStranded?.(ask.key);
      if (!enough) return refusal(ask, bucket, stranded, short);
      spend(bucket, ask.need);
      const spare = lease(bucket, holder, ask.spare, liveWorkers);
      return {
        key: ask.key,
        granted: ask.need + spare.granted,
        leaseId: spare.leaseId,
        expiresInMs: LEASE_TTL_MS,
        remaining: wholeTokens(bucket),
        stranded,
        retryAfterMs: 0,
        resetMs: msToFull(bucket),
      };
    });
  }

  settle(holder: string, returns: readonly LeaseReturn[]): void {
    const nowMs = this.#now();
    for (const { key, leaseId, spent, unspent } of returns) {
      const bucket = this.#buckets.get(key);
      if (bucket === undefined) continue;
      advance(bucket, nowMs);
      settle(bucket, holder, leaseId, spent, unspent);
    }
  }

  /** Forgets full buckets, a bounded number at a time. */
  sweep(): void {
    const nowMs = this.#now();
    this.#sweepAt ??= this.#buckets.entries();
    for (let i = 0; i < SWEEP_STEP; i += 1) {
      const next = this.#sweepAt.next();
      if (next.done === true) {
        this.#sweepAt = null;
        return;
      }
      const [key, bucket] = next.value;
      advance(bucket, nowMs);
      if (bucket.outstanding === 0 && msToFull(bucket) === 0) this.#buckets.delete(key);
    }
  }

  #open(ask: LeaseAsk, nowMs: number): Bucket {
    const bucket = this.#find(ask, nowMs);
    if (ask.level !== undefined)
      bucket.units = Math.min(bucket.units, Math.floor(ask.level * UNITS_PER_TOKEN));
    return bucket;
  }

  #find(ask: LeaseAsk, nowMs: number): Bucket {
    let bucket = this.#buckets.get(ask.key);
    if (bucket === undefined) {
      if (this.#buckets.size >= MAX_BUCKETS) this.#dropOldest();
      bucket = newBucket(ask.ratePerMinute, ask.capacity, nowMs);
      this.#buckets.set(ask.key, bucket);
      return bucket;
    }
    advance(bucket, nowMs);
    reconfigure(bucket, ask.ratePerMinute, ask.capacity);
    return bucket;
  }

  #dropOldest(): void {
    for (const key of this.#buckets.keys()) {
      this.#buckets.delete(key);
      return;
    }
  }
}

function refusal(ask: LeaseAsk, bucket: Bucket, stranded: number, short: boolean): LeaseGrant {
  return {
    key: ask.key,
    granted: 0,
    leaseId: '',
    expiresInMs: 0,
    remaining: wholeTokens(bucket),
    stranded,
    retryAfterMs: short ? msToNextToken(bucket) : 0,
    resetMs: msToFull(bucket),
  };
}

/** @throws StateError STATE_PROTOCOL if an ask is not one that a bucket can answer */
export function checkAsks(asks: readonly LeaseAsk[]): void {
  for (let i = 0; i < asks.length; i += 1) {
    const ask = asks[i] as LeaseAsk;
    const sound =
      ask.ratePerMinute > 0 &&
      ask.capacity >= 1 &&
      Number.isInteger(ask.need) &&
      ask.need >= 0 &&
      ask.spare >= 0;
    if (!sound) throw new StateError('STATE_PROTOCOL', `the ask for tokens of ${ask.key} is malformed`);
    for (let j = 0; j < i; j += 1) {
      if (asks[j]?.key === ask.key)
        throw new StateError('STATE_PROTOCOL', `two asks name the key ${ask.key}`);
    }
  }
}
