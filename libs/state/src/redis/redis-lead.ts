import { LocalLead } from '../memory/local-lead.ts';
import type { Lead } from '../ports/election.ts';
import { isAway } from './connection.ts';
import type { RedisConnection } from './connection.ts';
import type { Keys } from './keys.ts';
import { CAMPAIGN, NOTE_LOCAL_TOKEN, RESIGN } from './scripts.ts';

/** Shorter than an agent waits for its hub: it is to hear of a local lead, not of a deadline. */
const DEADLINE_MS = 1_000;

/**
 * The lead of the agents of a cluster, and while Redis is away of the agents of this host: the holder goes on, and
 * where another host's agent led, one of this host takes over once that lead must have lapsed.
 */
export class RedisLead {
  readonly #connection: RedisConnection;
  readonly #keys: Keys;
  readonly #isAutonomous: boolean;
  readonly #local = new LocalLead(() => performance.now());
  /** The lead that Redis gave to an agent of this host. */
  #held: { readonly by: string; readonly token: number } | null = null;
  #leader: string | null = null;
  #heardAtMs = -Infinity;

  /** @param isAutonomous whether agents of this host may lead it alone */
  constructor(connection: RedisConnection, keys: Keys, isAutonomous: boolean) {
    this.#connection = connection;
    this.#keys = keys;
    this.#isAutonomous = isAutonomous;
  }

  /** Instance id of the leader, as last known. */
  get leader(): string | null {
    return this.#local.holder ?? this.#leader;
  }

  /** @param newestToken of all snapshots known here */
  async campaign(by: string, ttlMs: number, newestToken: number): Promise<Lead> {
    const known = Math.max(newestToken, this.#local.token);
    try {
      const keys = [this.#keys.lead, this.#keys.snapshot];
      const answer = await this.#connection.script('campaign', DEADLINE_MS, CAMPAIGN, keys, [
        by,
        ttlMs,
        known,
      ]);
      return this.#learn(by, answer as [number, number | string]);
    } catch (error) {
      if (!this.#isAutonomous || !isAway(error)) throw error;
      return this.#campaignHere(by, ttlMs, known);
    }
  }

  /** Settles also when Redis is away: there the lead ends with its time. */
  async resign(by: string): Promise<void> {
    this.#local.resign(by);
    if (this.#held?.by === by) this.#held = null;
    if (this.#leader === by) this.#leader = null;
    await this.#connection.script('resign', DEADLINE_MS, RESIGN, [this.#keys.lead], [by]);
  }

  /** @param leader as Redis has just told */
  hear(leader: string | null): void {
    this.#leader = leader;
    this.#heardAtMs = performance.now();
  }

  /** Whether a token was given by this host alone: what is published under it is not for the cluster. */
  isLocal(token: number): boolean {
    return token === this.#local.token;
  }

  /** The newest token that this host gave alone; 0 if it gave none. */
  get localToken(): number {
    return this.#local.token;
  }

  /** Makes the cluster's next token rise above those that this host gave alone. */
  async noteLocalToken(): Promise<void> {
    const args = [this.#local.token];
    await this.#connection.script('note a token', DEADLINE_MS, NOTE_LOCAL_TOKEN, [this.#keys.lead], args);
  }

  #learn(by: string, [leads, value]: [number, number | string]): Lead {
    this.#local.resign(by);
    this.hear(leads === 1 ? by : String(value));
    if (leads === 1) {
      this.#held = { by, token: Number(value) };
      return { leading: true, token: Number(value) };
    }
    if (this.#held?.by === by) this.#held = null;
    return { leading: false, leader: String(value) };
  }

  #campaignHere(by: string, ttlMs: number, known: number): Lead {
    if (this.#held?.by === by && this.#held.token >= known) {
      return { leading: true, token: this.#held.token };
    }
    const isLedElsewhere = this.#leader !== null && this.#leader !== by;
    if (isLedElsewhere && performance.now() - this.#heardAtMs < ttlMs) {
      return { leading: false, leader: this.#leader };
    }
    const lead = this.#local.campaign(by, ttlMs, known);
    return lead.leading ? { ...lead, isLocal: true } : lead;
  }
}
