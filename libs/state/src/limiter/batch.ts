import { STRANDED_WAIT_MS, type LeaseGrant, type LeaseRequest } from '../ports/leases.ts';
import type { Admission, LimitSpec } from './admission.ts';
import type { KeyEntry } from './key-entry.ts';

/** One limit's token that a request waits for. */
export interface Claim {
  readonly spec: LimitSpec;
  readonly entry: KeyEntry;
  /** The lease whose token is reserved for it; null where the token is requested. */
  reserved: string | null;
}

/** A request that waits for tokens. */
export interface Waiter {
  readonly limits: readonly LimitSpec[];
  readonly claims: readonly Claim[];
  /** Start of its wait for tokens that other workers hold. */
  strandedSinceMs: number | null;
  /** Number of messages that it was part of. */
  rounds: number;
  readonly resolve: (admission: Admission) => void;
}

export interface Batch {
  readonly waiters: readonly Waiter[];
  readonly needs: ReadonlyMap<KeyEntry, { readonly spec: LimitSpec; readonly need: number }>;
  requests(nowMs: number): LeaseRequest[];
  /** The same for this host's share, with the level as of the store's last reply. */
  hostRequests(nowMs: number): LeaseRequest[];
}

/** Most waiters of one message. */
const MAX_BATCH = 256;
/** A request that this many messages did not decide is refused; competition alone never takes as many. */
const MAX_ROUNDS = 100;
const FIRST_STRANDED_DELAY_MS = 3;

/**
 * Chooses the waiters of the next message, in the order of arrival.
 *
 * @returns `ready`: waiters whose tokens are all held by now; `rest`: waiters for a message that is under way
 */
export function composeBatch(
  waiters: readonly Waiter[],
  nowMs: number,
): { readonly batch: Batch | null; readonly ready: Waiter[]; readonly rest: Waiter[] } {
  const needs = new Map<KeyEntry, { spec: LimitSpec; need: number }>();
  const chosen: Waiter[] = [];
  const ready: Waiter[] = [];
  const rest: Waiter[] = [];
  for (const waiter of waiters) {
    if (chosen.length >= MAX_BATCH || isBlocked(waiter, nowMs)) {
      rest.push(waiter);
      continue;
    }
    let isMissing = false;
    for (const claim of waiter.claims) {
      const { spec, entry } = claim;
      if (claim.reserved !== null) continue;
      if (entry.inHand(nowMs) > 0) {
        claim.reserved = entry.reserve();
        continue;
      }
      isMissing = true;
      const known = needs.get(entry);
      if (known === undefined) needs.set(entry, { spec, need: 1 });
      else known.need += 1;
    }
    if (isMissing) {
      waiter.rounds += 1;
      chosen.push(waiter);
    } else ready.push(waiter);
  }
  return { batch: chosen.length === 0 ? null : batchOf(chosen, needs), ready, rest };
}

function isBlocked(waiter: Waiter, nowMs: number): boolean {
  return waiter.claims.some(
    ({ entry, reserved }) => reserved === null && entry.busy && entry.inHand(nowMs) === 0,
  );
}

function batchOf(waiters: readonly Waiter[], needs: Map<KeyEntry, { spec: LimitSpec; need: number }>): Batch {
  return {
    waiters,
    needs,
    requests: (nowMs) =>
      [...needs].map(([entry, { spec, need }]) => ({
        key: spec.key,
        ratePerMinute: spec.ratePerMinute,
        capacity: spec.capacity,
        need,
        spare: entry.spentRecently(nowMs),
      })),
    hostRequests: (nowMs) =>
      [...needs].map(([entry, { spec, need }]) => {
        const { key, ratePerMinute, capacity } = spec;
        const level = entry.levelOfStore(spec, nowMs);
        return { key, ratePerMinute, capacity, need, spare: 0, ...(level === null ? {} : { level }) };
      }),
  };
}

export interface Refusal {
  readonly waiter: Waiter;
  readonly by: LimitSpec;
  readonly entry: KeyEntry;
  readonly retryAfterMs: number;
}

export interface RefusedWaiters {
  readonly again: Waiter[];
  readonly stranded: {
    readonly waiters: Waiter[];
    readonly entries: KeyEntry[];
    readonly delayMs: number;
  };
  readonly refused: Refusal[];
}

/**
 * Decides after the store has refused a whole message. In the order of arrival each waiter claims tokens that are left
 * of its keys, then tokens that other workers hold. A waiter that can claim neither is refused.
 */
export function decideRefused(
  batch: Batch,
  grantByKey: ReadonlyMap<string, LeaseGrant>,
  nowMs: number,
): RefusedWaiters {
  const again: Waiter[] = [];
  const waiting: Waiter[] = [];
  const shortOf = new Set<KeyEntry>();
  const refused: Refusal[] = [];
  const claimed = new Map<KeyEntry, number>();
  for (const waiter of batch.waiters) {
    const decision = decideOne(waiter, grantByKey, claimed, nowMs);
    if (decision.refusal !== null) {
      refused.push(decision.refusal);
      continue;
    }
    for (const entry of decision.claims) claimed.set(entry, (claimed.get(entry) ?? 0) + 1);
    if (decision.shortOf.length === 0) again.push(waiter);
    else {
      waiter.strandedSinceMs ??= nowMs;
      waiting.push(waiter);
      for (const entry of decision.shortOf) shortOf.add(entry);
    }
  }
  const waitedMs = Math.max(0, ...waiting.map(({ strandedSinceMs }) => nowMs - (strandedSinceMs ?? nowMs)));
  // The delay doubles each time, and the last attempt is at the end of the longest wait.
  const delayMs = Math.min(
    Math.max(FIRST_STRANDED_DELAY_MS, waitedMs),
    Math.max(1, STRANDED_WAIT_MS - waitedMs),
  );
  return { again, stranded: { waiters: waiting, entries: [...shortOf], delayMs }, refused };
}

function decideOne(
  waiter: Waiter,
  grantByKey: ReadonlyMap<string, LeaseGrant>,
  claimed: ReadonlyMap<KeyEntry, number>,
  nowMs: number,
): { readonly refusal: Refusal | null; readonly claims: KeyEntry[]; readonly shortOf: KeyEntry[] } {
  const claims: KeyEntry[] = [];
  const shortOf: KeyEntry[] = [];
  const isPatient = waiter.strandedSinceMs === null || nowMs - waiter.strandedSinceMs < STRANDED_WAIT_MS;
  for (const { spec, entry, reserved } of waiter.claims) {
    const grant = grantByKey.get(entry.key);
    if (reserved !== null || grant === undefined) continue;
    const before = claimed.get(entry) ?? 0;
    claims.push(entry);
    if (before < grant.remaining && waiter.rounds < MAX_ROUNDS) continue;
    if (before < grant.remaining + grant.stranded && isPatient && waiter.rounds < MAX_ROUNDS)
      shortOf.push(entry);
    else {
      const retryAfterMs = Math.max(1, grant.retryAfterMs);
      return { refusal: { waiter, by: spec, entry, retryAfterMs }, claims, shortOf };
    }
  }
  return { refusal: null, claims, shortOf };
}
