import {
  advance,
  giveBack,
  lease,
  LEASE_TTL_MS,
  msToFull,
  msToNextToken,
  newBucket,
  reconfigure,
  spend,
  strandedFor,
  UNITS_PER_TOKEN,
  wholeTokens,
  type Bucket,
} from '../bucket.ts';
import type { LeaseGrant, LeaseRequest, LeaseReturn } from '../ports/leases.ts';
import { StateError } from '../state-error.ts';

/** Most buckets that are kept. Each is dropped when full, so only a flood of addresses reaches this number. */
const MAX_BUCKETS = 500_000;
/** Buckets that one sweep checks. */
const SWEEP_STEP = 20_000;

export interface TakeOptions {
  /** Instance id. */
  readonly holder: string;
  readonly requests: readonly LeaseRequest[];
  readonly liveWorkers: number;
  /** Called for each key that is short of tokens while other holders have some. */
  readonly onStranded?: (key: string) => void;
}

/** The buckets of all limits of one store. It is synchronous, so one call is one transaction. */
export class Buckets {
  readonly #buckets = new Map<string, Bucket>();
  readonly #now: () => number;
  #sweepAt: IterableIterator<[string, Bucket]> | null = null;
  #dropAt: IterableIterator<string> | null = null;

  /** @param now monotonic milliseconds */
  constructor(now: () => number) {
    this.#now = () => Math.floor(now());
  }

  get size(): number {
    return this.#buckets.size;
  }

  /**
   * Grants all needs or none, so that a refusal by one limit takes no token of another.
   *
   * @throws StateError STATE_PROTOCOL if a request is malformed
   */
  take({ holder, requests, liveWorkers, onStranded }: TakeOptions): LeaseGrant[] {
    checkRequests(requests);
    const nowMs = this.#now();
    const wanted = requests.map((request) => ({ request, bucket: this.#open(request, nowMs) }));
    const enough = wanted.every(({ request, bucket }) => wholeTokens(bucket) >= request.need);
    return wanted.map(({ request, bucket }) => {
      const short = wholeTokens(bucket) < request.need;
      const stranded = strandedFor(bucket, holder);
      if (short && stranded > 0) onStranded?.(request.key);
      if (!enough) return refusal(request, bucket, stranded, short);
      spend(bucket, request.need);
      const spare = lease(bucket, holder, request.spare, liveWorkers);
      return {
        key: request.key,
        granted: request.need + spare.granted,
        leaseId: spare.leaseId,
        expiresInMs: LEASE_TTL_MS,
        remaining: wholeTokens(bucket),
        stranded,
        retryAfterMs: 0,
        resetMs: msToFull(bucket),
      };
    });
  }

  giveBack(holder: string, returns: readonly LeaseReturn[]): void {
    const nowMs = this.#now();
    for (const { key, leaseId, spent, unspent } of returns) {
      const bucket = this.#buckets.get(key);
      if (bucket === undefined) continue;
      advance(bucket, nowMs);
      giveBack(bucket, holder, leaseId, spent, unspent);
    }
  }

  /** Drops full buckets, a bounded number at a time. */
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

  #open(request: LeaseRequest, nowMs: number): Bucket {
    const bucket = this.#find(request, nowMs);
    if (request.level !== undefined)
      bucket.units = Math.min(bucket.units, Math.floor(request.level * UNITS_PER_TOKEN));
    return bucket;
  }

  #find(request: LeaseRequest, nowMs: number): Bucket {
    let bucket = this.#buckets.get(request.key);
    if (bucket === undefined) {
      if (this.#buckets.size >= MAX_BUCKETS) this.#dropOldest();
      bucket = newBucket(request.ratePerMinute, request.capacity, nowMs);
      this.#buckets.set(request.key, bucket);
      return bucket;
    }
    advance(bucket, nowMs);
    reconfigure(bucket, request.ratePerMinute, request.capacity);
    return bucket;
  }

  /** The iterator is kept, because a Map's start is slow to reach after many deletions. */
  #dropOldest(): void {
    let next = (this.#dropAt ??= this.#buckets.keys()).next();
    if (next.done === true) next = (this.#dropAt = this.#buckets.keys()).next();
    if (next.done !== true) this.#buckets.delete(next.value);
  }
}

function refusal(request: LeaseRequest, bucket: Bucket, stranded: number, short: boolean): LeaseGrant {
  return {
    key: request.key,
    granted: 0,
    leaseId: '',
    expiresInMs: 0,
    remaining: wholeTokens(bucket),
    stranded,
    retryAfterMs: short ? msToNextToken(bucket) : 0,
    resetMs: msToFull(bucket),
  };
}

/** @throws StateError STATE_PROTOCOL if a request is malformed */
export function checkRequests(requests: readonly LeaseRequest[]): void {
  const keys = new Set<string>();
  for (const request of requests) {
    const isValid =
      request.ratePerMinute > 0 &&
      request.capacity >= 1 &&
      Number.isInteger(request.need) &&
      request.need >= 0 &&
      request.spare >= 0;
    const { key } = request;
    if (!isValid) throw new StateError('STATE_PROTOCOL', `the request for tokens of ${key} is malformed`);
    if (keys.has(key)) throw new StateError('STATE_PROTOCOL', `two requests name the key ${key}`);
    keys.add(key);
  }
}
