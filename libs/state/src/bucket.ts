/**
 * A token bucket whose tokens can be out on lease. Pure: time comes in as whole milliseconds of the store's clock.
 *
 * The level is kept in units of which 60,000 make a token, so that a refill of `elapsedMs × ratePerMinute` units is
 * exact and no fraction is ever lost. At all times level + tokens out on lease ≤ capacity; therefore what all holders
 * spend in any window is at most rate × time + capacity.
 */
export interface Bucket {
  units: number;
  /** When `units` was true. */
  atMs: number;
  ratePerMinute: number;
  capacity: number;
  /** Tokens out on lease, the sum of `leases`. */
  outstanding: number;
  /** By holder; a holder has one lease of a key at a time, later grants add to it. */
  readonly leases: Map<string, Lease>;
  /** Names leases: rises with each new one, so that a return that comes late meets no newer lease. */
  nextLease: number;
}

interface Lease {
  readonly id: string;
  tokens: number;
  expiresAtMs: number;
}

export const UNITS_PER_TOKEN = 60_000;
/** How long leased tokens may be spent; what is not back by then counts as spent. */
export const LEASE_TTL_MS = 1_000;

export function newBucket(ratePerMinute: number, capacity: number, nowMs: number): Bucket {
  return {
    units: capacity * UNITS_PER_TOKEN,
    atMs: nowMs,
    ratePerMinute,
    capacity,
    outstanding: 0,
    leases: new Map(),
    // From the clock, so that a bucket made anew after it was dropped names no lease twice.
    nextLease: nowMs,
  };
}

/**
 * Brings the bucket to `nowMs`: refills, and lets leases expire. Expiries are taken in their order, each after the
 * refill up to it, because until then the leased tokens held room that a refill must not have used.
 */
export function advance(bucket: Bucket, nowMs: number): void {
  while (bucket.leases.size > 0) {
    let first: string | undefined;
    let expiresAtMs = Infinity;
    for (const [holder, lease] of bucket.leases) {
      if (lease.expiresAtMs <= nowMs && lease.expiresAtMs < expiresAtMs) {
        first = holder;
        expiresAtMs = lease.expiresAtMs;
      }
    }
    if (first === undefined) break;
    refill(bucket, expiresAtMs);
    bucket.outstanding -= bucket.leases.get(first)?.tokens ?? 0;
    bucket.leases.delete(first);
  }
  refill(bucket, nowMs);
}

function refill(bucket: Bucket, nowMs: number): void {
  if (nowMs <= bucket.atMs) return;
  const room = (bucket.capacity - bucket.outstanding) * UNITS_PER_TOKEN;
  bucket.units = Math.min(room, bucket.units + (nowMs - bucket.atMs) * bucket.ratePerMinute);
  bucket.atMs = nowMs;
}

/**
 * Follows a changed configuration; a smaller capacity takes surplus tokens away. A full bucket stays full, as one
 * that was forgotten for being full would be.
 */
export function reconfigure(bucket: Bucket, ratePerMinute: number, capacity: number): void {
  if (bucket.ratePerMinute === ratePerMinute && bucket.capacity === capacity) return;
  const isFull = bucket.outstanding === 0 && bucket.units >= bucket.capacity * UNITS_PER_TOKEN;
  const room = (capacity - bucket.outstanding) * UNITS_PER_TOKEN;
  bucket.ratePerMinute = ratePerMinute;
  bucket.capacity = capacity;
  bucket.units = isFull ? room : Math.max(0, Math.min(bucket.units, room));
}

export function wholeTokens(bucket: Bucket): number {
  return Math.max(0, Math.floor(bucket.units / UNITS_PER_TOKEN));
}

/** Spends `need` tokens at once. The caller has checked that they are there. */
export function spend(bucket: Bucket, need: number): void {
  bucket.units -= need * UNITS_PER_TOKEN;
}

/**
 * Leases up to `spare` tokens, at most level ÷ (2 × live workers), so that no worker takes what others need soon.
 *
 * @returns the tokens granted, and the lease they belong to; an empty id if none
 */
export function lease(
  bucket: Bucket,
  holder: string,
  spare: number,
  liveWorkers: number,
): { readonly granted: number; readonly leaseId: string } {
  const share = Math.floor(bucket.units / UNITS_PER_TOKEN / (2 * Math.max(1, liveWorkers)));
  const granted = Math.max(0, Math.min(Math.floor(spare), share));
  let held = bucket.leases.get(holder);
  if (granted === 0) return { granted, leaseId: held?.id ?? '' };
  if (held === undefined) {
    bucket.nextLease += 1;
    held = { id: String(bucket.nextLease), tokens: 0, expiresAtMs: 0 };
    bucket.leases.set(holder, held);
  }
  held.tokens += granted;
  held.expiresAtMs = bucket.atMs + LEASE_TTL_MS;
  bucket.outstanding += granted;
  bucket.units -= granted * UNITS_PER_TOKEN;
  return { granted, leaseId: held.id };
}

/** Ends a part of a lease: `spent` tokens are gone, `unspent` ones come back. A lease that expired gives nothing back. */
export function giveBack(
  bucket: Bucket,
  holder: string,
  leaseId: string,
  spent: number,
  unspent: number,
): void {
  const held = bucket.leases.get(holder);
  if (held === undefined || held.id !== leaseId) return;
  const gone = Math.min(spent, held.tokens);
  const back = Math.min(unspent, held.tokens - gone);
  held.tokens -= gone + back;
  bucket.outstanding -= gone + back;
  bucket.units += back * UNITS_PER_TOKEN;
  if (held.tokens === 0) bucket.leases.delete(holder);
}

/** Tokens that holders other than this one have and may still bring back. */
export function strandedFor(bucket: Bucket, holder: string): number {
  return bucket.outstanding - (bucket.leases.get(holder)?.tokens ?? 0);
}

/** Milliseconds until one token more than there are now is due. */
export function msToNextToken(bucket: Bucket): number {
  const missing = (wholeTokens(bucket) + 1) * UNITS_PER_TOKEN - bucket.units;
  return Math.ceil(missing / bucket.ratePerMinute);
}

/** Milliseconds until the bucket is full. */
export function msToFull(bucket: Bucket): number {
  return Math.max(0, Math.ceil((bucket.capacity * UNITS_PER_TOKEN - bucket.units) / bucket.ratePerMinute));
}
