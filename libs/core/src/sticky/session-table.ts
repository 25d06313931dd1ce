interface Entry {
  endpoint: string;
  usedAt: number;
  toldAt: number;
}

/** Remembers the endpoint of each session's last turn. Bounded: the session that is unused the longest is forgotten first. */
export class SessionTable {
  /** Sessions that were forgotten because the table was full. */
  evictions = 0;
  readonly #maxSessions: number;
  readonly #idleMs: number;
  /** In the order of last use, the longest unused first. */
  readonly #entries = new Map<string, Entry>();

  /** @param idleMs a session is forgotten after it; 0 is never */
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
   * @returns whether other processes must be told: the endpoint has changed, or they will forget the session soon
   */
  place(session: string, endpoint: string, now: number): boolean {
    const known = this.#entries.get(session);
    const isNews =
      known === undefined || known.endpoint !== endpoint || now - known.toldAt > this.#idleMs / 4;
    const toldAt = isNews ? now : known.toldAt;
    this.#entries.delete(session);
    this.#entries.set(session, { endpoint, usedAt: now, toldAt });
    if (known === undefined) this.#makeRoom(now);
    return isNews;
  }

  /** The number of sessions that are remembered. */
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
