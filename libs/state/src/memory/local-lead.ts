import type { Lead } from '../ports/election.ts';

/** The lead among agents, as one process keeps it. */
export class LocalLead {
  readonly #now: () => number;
  #holder: string | null = null;
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
    return this.#untilMs > this.#now() ? this.#holder : null;
  }

  campaign(by: string, ttlMs: number, newestToken: number): Lead {
    const { holder } = this;
    if (holder !== null && holder !== by) return { leading: false, leader: holder };
    // A holder that is behind the newest token gets a newer one, or all it publishes would be fenced.
    const isRenewed = holder === by && newestToken <= this.#token;
    if (!isRenewed) this.#token = Math.max(this.#token, newestToken, Date.now()) + 1;
    this.#holder = by;
    this.#untilMs = this.#now() + ttlMs;
    return { leading: true, token: this.#token };
  }

  resign(by: string): void {
    if (this.#holder === by) this.#holder = null;
  }
}
