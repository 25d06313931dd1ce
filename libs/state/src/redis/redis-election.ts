import type { Instance } from '@olla/core/instance';
import { leaderEvent } from '../cluster-events.ts';
import type { Lead } from '../ports/election.ts';
import type { ElectionStore, EventStore } from '../store.ts';
import type { RedisLead } from './redis-lead.ts';
import type { RedisSnapshots } from './redis-snapshots.ts';

export interface RedisElectionOptions {
  readonly lead: RedisLead;
  readonly snapshots: Pick<RedisSnapshots, 'version'>;
  readonly events: Pick<EventStore, 'publish'>;
}

/** The election of a cluster's leader. The new leader's host publishes the event. */
export class RedisElection implements ElectionStore {
  readonly #options: RedisElectionOptions;

  constructor(options: RedisElectionOptions) {
    this.#options = options;
  }

  async campaign(by: Instance, ttlMs: number, newestToken: number): Promise<Lead> {
    const { lead, snapshots, events } = this.#options;
    const known = Math.max(newestToken, snapshots.version.token);
    const outcome = await lead.campaign(by.id, ttlMs, known);
    if (outcome.change !== null) events.publish(leaderEvent(outcome.change, by));
    return outcome.lead;
  }

  resign(by: string): Promise<void> {
    return this.#options.lead.resign(by);
  }

  leader(): string | null {
    return this.#options.lead.leader;
  }
}
