import type { Instance } from '@olla/core/instance';
import { leaderEvent } from '../cluster-events.ts';
import type { Lead } from '../ports/election.ts';
import type { ElectionStore, EventStore } from '../store.ts';
import { LocalLead } from './local-lead.ts';

export class MemoryElection implements ElectionStore {
  readonly #events: Pick<EventStore, 'publish'>;
  readonly #lead: LocalLead;

  /** @param now monotonic milliseconds */
  constructor(events: Pick<EventStore, 'publish'>, now: () => number) {
    this.#events = events;
    this.#lead = new LocalLead(now);
  }

  /** Token of the newest lead; 0 before the first. */
  get token(): number {
    return this.#lead.token;
  }

  campaign(by: Instance, ttlMs: number, newestToken: number): Lead {
    const { lead, change } = this.#lead.campaign(by.id, ttlMs, newestToken);
    if (change !== null) this.#events.publish(leaderEvent(change, by));
    return lead;
  }

  resign(by: string): void {
    this.#lead.resign(by);
  }

  leader(): string | null {
    return this.#lead.holder;
  }
}
