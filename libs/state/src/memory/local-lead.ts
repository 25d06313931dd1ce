import type { Lead } from '../ports/election.ts';

/** The lead has passed to another agent. */
export interface LeadChange {
  /** Instance id of who led before; null if nobody did. */
  readonly from: string | null;
  readonly to: string;
  /** Why, for people. */
  readonly reason: string;
}

export interface CampaignOutcome {
  readonly lead: Lead;
  /** Null where the same agent leads as before. */
  readonly change: LeadChange | null;
}

/** The lead among agents, as one process keeps it. */
export class LocalLead {
  readonly #now: () => number;
  /** Who leads, or led last. */
  #last: string | null = null;
  #untilMs = -Infinity;
  #token = 0;

  /** @param now milliseconds that never run backwards */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** Of the newest lead; 0 before the first. */
  get token(): number {
    return this.#token;
  }

  /** Instance id of who leads now. */
  get holder(): string | null {
    return this.#untilMs > this.#now() ? this.#last : null;
  }

  campaign(by: string, ttlMs: number, newestToken: number): CampaignOutcome {
    const { holder } = this;
    if (holder !== null && holder !== by) return { lead: { leading: false, leader: holder }, change: null };
    // A holder that is behind the newest token gets a newer one, or all it publishes would be fenced.
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
 * @param hasLapsed whether the earlier leader let its lead lapse, rather than resigned
 * @returns null if it is the same agent
 */
export function leadChange(from: string | null, to: string, hasLapsed: boolean): LeadChange | null {
  if (from === to) return null;
  if (from === null) return { from, to, reason: 'no agent led' };
  return { from, to, reason: hasLapsed ? `${from} did not renew its lead` : `${from} has resigned or ended` };
}
