import type { LeaseGrant, LeaseRequest, LeaseReturn } from '../ports/leases.ts';
import type { LeaseStore, StoreSink } from '../store.ts';
import { Buckets } from './buckets.ts';

const SWEEP_INTERVAL_MS = 1_000;

export class MemoryLeases implements LeaseStore {
  readonly #sink: Pick<StoreSink, 'recall'>;
  readonly #liveWorkers: () => number;
  readonly #buckets: Buckets;
  readonly #sweeper: NodeJS.Timeout;

  /** @param now monotonic milliseconds */
  constructor(sink: Pick<StoreSink, 'recall'>, liveWorkers: () => number, now: () => number) {
    this.#sink = sink;
    this.#liveWorkers = liveWorkers;
    this.#buckets = new Buckets(now);
    this.#sweeper = setInterval(() => this.#buckets.sweep(), SWEEP_INTERVAL_MS);
    this.#sweeper.unref();
  }

  take(holder: string, requests: readonly LeaseRequest[]): readonly LeaseGrant[] {
    return this.#buckets.take({
      holder,
      requests,
      liveWorkers: this.#liveWorkers(),
      onStranded: (key) => this.#sink.recall(key, holder),
    });
  }

  returnLeases(holder: string, returns: readonly LeaseReturn[]): void {
    this.#buckets.giveBack(holder, returns);
  }

  close(): void {
    clearInterval(this.#sweeper);
  }
}
