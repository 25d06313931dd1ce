import type { Lead } from '../ports/election.ts';

/** The lead has passed to another agent. */
export interface LeadChange {
  /** Instance id of the earlier leader; null if there was none. */
  readonly from: string | null;
  readonly to: string;
  /** Why, for people. */
  readonly reason: string;
}

export interface CampaignOutcome {
  readonly lead: Lead;
  /** Null if the leader is the same as before. */
  readonly change: LeadChange | null;
}

/** The lead among agents, kept in the memory of one process. */
export class LocalLead {
  readonly #now: () => number;
  /** The current or last leader. */
  #last: string | null = null;
  #untilMs = -Infinity;
  #token = 0;

  /** @param now monotonic milliseconds */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** Token of the newest lead; 0 before the first. */
  get token(): number {
    return this.#token;
  }

  /** Instance id of the current leader. */
  get holder(): string | null {
    return this.#untilMs > this.#now() ? this.#last : null;
  }

  campaign(by: string, ttlMs: number, newestToken: number): CampaignOutcome {
    const { holder } = this;
    if (holder !== null && holder !== by) return { lead: { leading: false, leader: holder }, change: null };
    // A holder with an older token than the newest gets a new one; otherwise all its snapshots would be fenced.
    const isRenewed = holder === by && newestToken <= this.#token;
    if (!isRenewed) this.#token = Math.max(this.#token, newestToken, Date.now()) + 1;
    const change = leadChange(this.#last, by, this.#untilMs !== -Infinity);
    this.#last = by;
    this.#untilMs = this.#now() + ttlMs;
    return { lead: { leading: true, token: this.#token }, change };
  }

  resign(by: string): void {
    if (this.#last === by) this.#untilMs = -Infinity;
  }
}

/**
 * @param hasLapsed whether the earlier lead expired rather than was resigned
 * @returns null if the leader is the same
 */
export function leadChange(from: string | null, to: string, hasLapsed: boolean): LeadChange | null {
  if (from === to) return null;
  if (from === null) return { from, to, reason: 'no agent led' };
  return { from, to, reason: hasLapsed ? `${from} did not renew its lead` : `${from} has resigned or ended` };
}
