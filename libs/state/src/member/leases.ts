import { Listeners } from '../listeners.ts';
import type { LeaseGrant, LeasePort, LeaseRequest, LeaseReturn } from '../ports/leases.ts';
import type { Unsubscribe } from '../ports/unsubscribe.ts';
import { StateError } from '../state-error.ts';
import type { HubLink } from './hub-link.ts';

/** Leases taken from Redis directly, without the hub. */
export interface DirectLeases {
  take(requests: readonly LeaseRequest[], deadlineMs: number): Promise<readonly LeaseGrant[]>;
  returnLeases(returns: readonly LeaseReturn[]): void;
  /** The hub has reached Redis again. */
  hurry(): void;
  close(): Promise<void>;
}

export class MemberLeases implements LeasePort {
  readonly #link: HubLink;
  readonly #direct: DirectLeases | null;
  readonly #recalls = new Listeners<string>();

  constructor(link: HubLink, direct: DirectLeases | null) {
    this.#link = link;
    this.#direct = direct;
  }

  async take(requests: readonly LeaseRequest[], deadlineMs: number): Promise<readonly LeaseGrant[]> {
    if (this.#direct === null) return await this.#link.request('leases.take', requests, deadlineMs);
    if (this.#link.isClosed) throw new StateError('STATE_CLOSED', 'leases.take: the shared state was closed');
    return await this.#direct.take(requests, deadlineMs);
  }

  takeLocal(requests: readonly LeaseRequest[], deadlineMs: number): Promise<readonly LeaseGrant[]> {
    return this.#link.request('leases.takeLocal', requests, deadlineMs);
  }

  returnLeases(returns: readonly LeaseReturn[]): void {
    if (this.#direct === null) this.#link.cast('leases.return', returns);
    else this.#direct.returnLeases(returns);
  }

  onRecall(listener: (key: string) => void): Unsubscribe {
    return this.#link.listen('leases.recall', this.#recalls, listener);
  }

  receiveRecall(key: string): void {
    this.#recalls.call(key);
  }
}
