interface Entry {
  endpoint: string;
  usedAt: number;
  reportedAt: number;
}

/** Stores the endpoint of each session's last turn. Bounded: the least recently used session is dropped first. */
export class SessionTable {
  /** Sessions that were dropped because the table was full. */
  evictions = 0;
  readonly #maxSessions: number;
  readonly #idleMs: number;
  /** In the order of last use, the least recently used first. */
  readonly #entries = new Map<string, Entry>();

  /** @param idleMs a session is dropped after it; 0 means never */
  constructor(maxSessions: number, idleMs: number) {
    this.#maxSessions = maxSessions;
    this.#idleMs = idleMs === 0 ? Infinity : idleMs;
  }

  /** Key of the session's endpoint, or null. */
  find(session: string, now: number): string | null {
    const entry = this.#entries.get(session);
    return entry === undefined || now - entry.usedAt > this.#idleMs ? null : entry.endpoint;
  }

  /**
   * Records that a session had a turn at an endpoint.
   *
   * @returns whether to notify other processes: the endpoint has changed, or they will drop the session soon
   */
  place(session: string, endpoint: string, now: number): boolean {
    const known = this.#entries.get(session);
    const isNew =
      known === undefined || known.endpoint !== endpoint || now - known.reportedAt > this.#idleMs / 4;
    const reportedAt = isNew ? now : known.reportedAt;
    this.#entries.delete(session);
    this.#entries.set(session, { endpoint, usedAt: now, reportedAt });
    if (known === undefined) this.#makeRoom(now);
    return isNew;
  }

  /** The number of stored sessions. */
  size(now: number): number {
    this.#forgetIdle(now);
    return this.#entries.size;
  }

  #makeRoom(now: number): void {
    if (this.#entries.size <= this.#maxSessions) return;
    this.#forgetIdle(now);
    for (const session of this.#entries.keys()) {
      if (this.#entries.size <= this.#maxSessions) return;
      this.#entries.delete(session);
      this.evictions += 1;
    }
  }

  #forgetIdle(now: number): void {
    for (const [session, { usedAt }] of this.#entries) {
      if (now - usedAt <= this.#idleMs) return;
      this.#entries.delete(session);
    }
  }
}
