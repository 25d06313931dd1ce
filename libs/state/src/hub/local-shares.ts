import { localShare } from '../local-share.ts';
import { Buckets } from '../memory/buckets.ts';
import type { LeaseGrant, LeaseRequest } from '../ports/leases.ts';

const SWEEP_INTERVAL_MS = 1_000;

/** This host's shares of the limits, used while the store is unreachable. */
export class LocalShares {
  readonly #buckets = new Buckets(() => performance.now());
  readonly #sweeper: NodeJS.Timeout;

  constructor() {
    this.#sweeper = setInterval(() => this.#buckets.sweep(), SWEEP_INTERVAL_MS);
    this.#sweeper.unref();
  }

  take(holder: string, requests: readonly LeaseRequest[], gateways: number): readonly LeaseGrant[] {
    const shares = requests.map((request) => localShare(request, gateways));
    return this.#buckets.take({ holder, requests: shares, liveWorkers: 1 });
  }

  close(): void {
    clearInterval(this.#sweeper);
  }
}
