/**
 * A token bucket whose tokens can be leased. It is pure: the caller passes the time in whole milliseconds of the
 * store's clock.
 *
 * The level is kept in units of 1/60,000 token, so that a refill of `elapsedMs × ratePerMinute` units is exact. At all
 * times level + leased tokens ≤ capacity; therefore all holders together spend at most rate × time + capacity in any
 * window.
 */
export interface Bucket {
  units: number;
  /** Time at which the level was `units`. */
  atMs: number;
  ratePerMinute: number;
  capacity: number;
  /** Number of leased tokens, the sum of `leases`. */
  outstanding: number;
  /** By holder. A holder has one lease of a key at a time; later grants add to it. */
  readonly leases: Map<string, Lease>;
  /** Number of the last lease. It rises with each lease, so that a late return does not end a newer one. */
  nextLease: number;
}

interface Lease {
  readonly id: string;
  tokens: number;
  expiresAtMs: number;
}

export const UNITS_PER_TOKEN = 60_000;
/** How long leased tokens may be spent; tokens not returned by then count as spent. */
export const LEASE_TTL_MS = 1_000;

export function newBucket(ratePerMinute: number, capacity: number, nowMs: number): Bucket {
  return {
    units: capacity * UNITS_PER_TOKEN,
    atMs: nowMs,
    ratePerMinute,
    capacity,
    outstanding: 0,
    leases: new Map(),
    // It starts from the clock, so that a bucket that was dropped and made again uses no lease number twice.
    nextLease: nowMs,
  };
}

/**
 * Advances the bucket to `nowMs`: refills it and expires leases. Leases expire in their order, each after the refill
 * up to its expiry, because a refill must not use the room of tokens that were still leased.
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
 * Applies a changed configuration. A smaller capacity drops surplus tokens. A full bucket stays full, because full
 * buckets may be dropped at any time and are full when made again.
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

/** Spends `need` tokens at once. The caller has checked that the bucket has them. */
export function spend(bucket: Bucket, need: number): void {
  bucket.units -= need * UNITS_PER_TOKEN;
}

/**
 * Leases up to `spare` tokens, at most level ÷ (2 × live workers), so that enough tokens are left for other workers.
 *
 * @returns the number of tokens, and the id of their lease (empty if there are none)
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

/** Ends a part of a lease: `spent` tokens are gone, `unspent` ones return. An expired lease returns nothing. */
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

/** Tokens that other holders have and may still return. */
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
