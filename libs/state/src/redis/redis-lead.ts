import { leadChange, LocalLead, type CampaignOutcome } from '../memory/local-lead.ts';
import { isUnavailable, type RedisConnection } from './connection.ts';
import type { Keys } from './keys.ts';
import { CAMPAIGN, NOTE_LOCAL_TOKEN, RESIGN, type CampaignReply } from './scripts.ts';

/** Shorter than an agent's deadline for its hub, so that the agent learns of a local lead in time. */
const DEADLINE_MS = 1_000;

/**
 * The lead among the agents of a cluster. While Redis is unreachable, an agent of this host leads it: the holder
 * continues, or if another host's agent led, one of this host takes over after that lead must have expired.
 */
export class RedisLead {
  readonly #connection: RedisConnection;
  readonly #keys: Keys;
  readonly #isAutonomous: boolean;
  readonly #local = new LocalLead(() => performance.now());
  /** The lead that Redis gave to an agent of this host. */
  #held: { readonly by: string; readonly token: number } | null = null;
  #leader: string | null = null;
  #leaderKnownAtMs = -Infinity;

  /** @param isAutonomous whether an agent may lead this host alone */
  constructor(connection: RedisConnection, keys: Keys, isAutonomous: boolean) {
    this.#connection = connection;
    this.#keys = keys;
    this.#isAutonomous = isAutonomous;
  }

  /** Instance id of the leader, as last known. */
  get leader(): string | null {
    return this.#local.holder ?? this.#leader;
  }

  /** @param newestToken newest token of all snapshots that this host knows */
  async campaign(by: string, ttlMs: number, newestToken: number): Promise<CampaignOutcome> {
    const known = Math.max(newestToken, this.#local.token);
    try {
      const reply = await this.#connection.runScript(CAMPAIGN, {
        deadlineMs: DEADLINE_MS,
        keys: [this.#keys.lead, this.#keys.snapshot],
        args: [by, ttlMs, known],
      });
      return this.#onReply(by, reply);
    } catch (error) {
      if (!this.#isAutonomous || !isUnavailable(error)) throw error;
      return this.#campaignHere(by, ttlMs, known);
    }
  }

  /** Settles while Redis is unreachable too; the lead in Redis then expires. */
  async resign(by: string): Promise<void> {
    this.#local.resign(by);
    if (this.#held?.by === by) this.#held = null;
    if (this.#leader === by) this.#leader = null;
    const keys = [this.#keys.lead];
    await this.#connection.runScript(RESIGN, { deadlineMs: DEADLINE_MS, keys, args: [by] });
  }

  /** @param leader as just read from Redis */
  noteLeader(leader: string | null): void {
    this.#leader = leader;
    this.#leaderKnownAtMs = performance.now();
  }

  /** Whether this host gave the token alone, so that snapshots with it are not for the cluster. */
  isLocal(token: number): boolean {
    return token === this.#local.token;
  }

  /** The newest token that this host gave alone; 0 if there is none. */
  get localToken(): number {
    return this.#local.token;
  }

  /** Stores the newest local token, so that the cluster's next token is above it. */
  async noteLocalToken(): Promise<void> {
    const args = [this.#local.token];
    const keys = [this.#keys.lead];
    await this.#connection.runScript(NOTE_LOCAL_TOKEN, { deadlineMs: DEADLINE_MS, keys, args });
  }

  #onReply(by: string, reply: CampaignReply): CampaignOutcome {
    const hasLedHere = this.#local.holder === by;
    this.#local.resign(by);
    if (reply[0] === 1) {
      const [, token, last, hasLapsed] = reply;
      this.noteLeader(by);
      this.#held = { by, token };
      const change = leadChange(last === '' ? null : last, by, hasLapsed === 1);
      return { lead: { leading: true, token }, change };
    }
    const [, leader] = reply;
    this.noteLeader(leader);
    if (this.#held?.by === by) this.#held = null;
    const back = { from: by, to: leader, reason: 'the shared state can be reached again' };
    return { lead: { leading: false, leader }, change: hasLedHere ? back : null };
  }

  #campaignHere(by: string, ttlMs: number, known: number): CampaignOutcome {
    if (this.#held?.by === by && this.#held.token >= known) {
      return { lead: { leading: true, token: this.#held.token }, change: null };
    }
    const isLedElsewhere = this.#leader !== null && this.#leader !== by;
    if (isLedElsewhere && performance.now() - this.#leaderKnownAtMs < ttlMs) {
      return { lead: { leading: false, leader: this.#leader }, change: null };
    }
    const before = this.leader;
    const { lead } = this.#local.campaign(by, ttlMs, known);
    if (!lead.leading) return { lead, change: null };
    const reason = 'the shared state cannot be reached: it leads this host alone';
    const change = before === by ? null : { from: before, to: by, reason };
    return { lead: { ...lead, isLocal: true }, change };
  }
}
