import type { Clock } from '../clock.ts';
import type { LimiterState } from '../limiter.ts';
import type { LeaseAsk, LeaseGrant } from '../port.ts';
import type { Batch, Waiter } from './batch.ts';
import { takeOwnShare } from './own-share.ts';
import { Reach } from './reach.ts';

/** Longest wait for one answer of the shared state on the path of a request. */
export const LEASE_DEADLINE_MS = 50;
/**
 * The same where this host's primary is the store. It is slow only when the whole machine is, and what it grants late
 * would count beside the worker's own share: then more would be admitted than the limit allows. Only one that hangs
 * is given up.
 */
export const PRIMARY_DEADLINE_MS = 500;

/** What somebody's buckets grant, or what was decided without a bucket. */
export type Answer =
  | {
      readonly grants: readonly LeaseGrant[];
      readonly askedAtMs: number;
      /** Whether the cluster has answered, rather than this host. */
      readonly isOfStore: boolean;
    }
  | { readonly admitted: readonly Waiter[]; readonly refused: readonly Waiter[] };

/** Who answers for the tokens of a batch: the store, and while it is away whom the configuration names. */
export class Answers {
  readonly #state: LimiterState;
  readonly #onStateLoss: 'local' | 'open' | 'closed';
  readonly #clock: Clock;
  readonly #store = new Reach();
  readonly #host = new Reach();

  constructor(state: LimiterState, onStateLoss: 'local' | 'open' | 'closed', clock: Clock) {
    this.#state = state;
    this.#onStateLoss = onStateLoss;
    this.#clock = clock;
  }

  /** Never rejects. Waits for the store only as long as it has not failed. */
  async ask(batch: Batch): Promise<Answer> {
    const askedAtMs = this.#clock.nowMs();
    const asks = batch.asks(askedAtMs);
    if (this.#store.isAway) {
      this.#store.probe(askedAtMs, () => this.#state.takeLeases(emptyAsk(asks), this.#deadlineMs()));
      return this.#askOthers(batch);
    }
    try {
      const grants = await this.#state.takeLeases(asks, this.#deadlineMs());
      this.#store.noteAnswer();
      return { grants, askedAtMs, isOfStore: true };
    } catch {
      // Whatever the reason, the answer to it is the one configured; the state's own health tells of the outage.
      this.#store.noteFailure();
      return this.#askOthers(batch);
    }
  }

  #deadlineMs(): number {
    return this.#state.kind === 'memory' ? PRIMARY_DEADLINE_MS : LEASE_DEADLINE_MS;
  }

  #askOthers(batch: Batch): Answer | Promise<Answer> {
    if (this.#onStateLoss === 'open') return { admitted: batch.waiters, refused: [] };
    if (this.#onStateLoss === 'closed') return { admitted: [], refused: batch.waiters };
    return this.#state.kind === 'redis' ? this.#askHost(batch) : this.#ownShare(batch);
  }

  /** With Redis, the host's share of a limit is in the memory of its primary. */
  async #askHost(batch: Batch): Promise<Answer> {
    const askedAtMs = this.#clock.nowMs();
    const asks = batch.hostAsks(askedAtMs);
    if (this.#host.isAway) {
      this.#host.probe(askedAtMs, () => this.#state.takeLocalLeases(emptyAsk(asks), LEASE_DEADLINE_MS));
      return this.#ownShare(batch);
    }
    try {
      const grants = await this.#state.takeLocalLeases(asks, LEASE_DEADLINE_MS);
      this.#host.noteAnswer();
      return { grants, askedAtMs, isOfStore: false };
    } catch {
      // The primary does not answer either: this worker's own share is all there is.
      this.#host.noteFailure();
      return this.#ownShare(batch);
    }
  }

  #ownShare(batch: Batch): Answer {
    const nowMs = this.#clock.nowMs();
    const { workers } = this.#state.peers();
    const admitted: Waiter[] = [];
    const refused: Waiter[] = [];
    for (const waiter of batch.waiters) {
      const isAdmitted = takeOwnShare(waiter.limits, waiter.entries, workers, nowMs);
      (isAdmitted ? admitted : refused).push(waiter);
    }
    return { admitted, refused };
  }
}

/** A message that takes nothing. */
function emptyAsk(asks: readonly LeaseAsk[]): LeaseAsk[] {
  return asks.slice(0, 1).map((ask) => ({ ...ask, need: 0, spare: 0 }));
}
