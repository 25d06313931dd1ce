import type { Clock } from '../pace/clock.ts';
import type { LimiterState } from './limiter-state.ts';
import type { LeaseRequest, LeaseGrant } from '../ports/leases.ts';
import type { Batch, Waiter } from './batch.ts';
import { takeOwnShare } from './own-share.ts';
import { Availability } from './availability.ts';

/** Longest wait for one reply of the shared state on the path of a request. */
export const LEASE_DEADLINE_MS = 50;
/**
 * The same where this host's primary grants the tokens. It is long enough that only a hung primary is given up: a late
 * grant would count beside the worker's own share, and more would be admitted than the limit allows.
 */
export const PRIMARY_DEADLINE_MS = 500;

/** Grants of buckets. */
export interface GrantedLeases {
  readonly grants: readonly LeaseGrant[];
  readonly requestedAtMs: number;
  /** Whether they are the cluster's buckets rather than this host's. */
  readonly isOfStore: boolean;
}

/** Grants of buckets, or a decision without a bucket. */
export type LeaseOutcome =
  GrantedLeases | { readonly admitted: readonly Waiter[]; readonly refused: readonly Waiter[] };

/** Takes the tokens of a batch from the store, or from the configured fallback while the store is unreachable. */
export class LeaseSources {
  readonly #state: LimiterState;
  readonly #onStateLoss: 'local' | 'open' | 'closed';
  readonly #clock: Clock;
  readonly #store = new Availability();
  readonly #host = new Availability();

  constructor(state: LimiterState, onStateLoss: 'local' | 'open' | 'closed', clock: Clock) {
    this.#state = state;
    this.#onStateLoss = onStateLoss;
    this.#clock = clock;
  }

  /** Never rejects. Waits for the store only as long as it has not failed. */
  async take(batch: Batch): Promise<LeaseOutcome> {
    const requestedAtMs = this.#clock.nowMs();
    const requests = batch.requests(requestedAtMs);
    if (this.#store.isDown) {
      this.#store.probe(requestedAtMs, () =>
        this.#state.leases.take(emptyRequest(requests), this.#deadlineMs()),
      );
      return this.#takeElsewhere(batch);
    }
    try {
      const grants = await this.#state.leases.take(requests, this.#deadlineMs());
      this.#store.noteReply();
      return { grants, requestedAtMs, isOfStore: true };
    } catch {
      // The configured fallback applies to every kind of error; the state's health reports the outage.
      this.#store.noteFailure();
      return this.#takeElsewhere(batch);
    }
  }

  #deadlineMs(): number {
    return this.#state.kind === 'memory' ? PRIMARY_DEADLINE_MS : LEASE_DEADLINE_MS;
  }

  #takeElsewhere(batch: Batch): LeaseOutcome | Promise<LeaseOutcome> {
    if (this.#onStateLoss === 'open') return { admitted: batch.waiters, refused: [] };
    if (this.#onStateLoss === 'closed') return { admitted: [], refused: batch.waiters };
    return this.#state.kind === 'redis' ? this.#takeFromHost(batch) : this.#ownShare(batch);
  }

  /** With Redis, the primary keeps the host's share of each limit in memory. */
  async #takeFromHost(batch: Batch): Promise<LeaseOutcome> {
    const requestedAtMs = this.#clock.nowMs();
    const requests = batch.hostRequests(requestedAtMs);
    if (this.#host.isDown) {
      this.#host.probe(requestedAtMs, () =>
        this.#state.leases.takeLocal(emptyRequest(requests), PRIMARY_DEADLINE_MS),
      );
      return this.#ownShare(batch);
    }
    try {
      const grants = await this.#state.leases.takeLocal(requests, PRIMARY_DEADLINE_MS);
      this.#host.noteReply();
      return { grants, requestedAtMs, isOfStore: false };
    } catch {
      // The primary does not reply either, so this worker's own share applies.
      this.#host.noteFailure();
      return this.#ownShare(batch);
    }
  }

  #ownShare(batch: Batch): LeaseOutcome {
    const nowMs = this.#clock.nowMs();
    const { workers } = this.#state.directory.peers();
    const admitted: Waiter[] = [];
    const refused: Waiter[] = [];
    for (const waiter of batch.waiters) {
      const isAdmitted = takeOwnShare(waiter.claims, workers, nowMs);
      (isAdmitted ? admitted : refused).push(waiter);
    }
    return { admitted, refused };
  }
}

/** A message that takes nothing. */
function emptyRequest(requests: readonly LeaseRequest[]): LeaseRequest[] {
  return requests.slice(0, 1).map((request) => ({ ...request, need: 0, spare: 0 }));
}
