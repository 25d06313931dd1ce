/** Between two messages to a side that does not reply. */
const PROBE_INTERVAL_MS = 300;

/**
 * Whether the other side replies. Once it has failed, nobody waits for it before it has replied again, which is
 * tried by messages that carry no request.
 */
export class Availability {
  #isAway = false;
  #isProbing = false;
  #probeAtMs = -Infinity;

  get isAway(): boolean {
    return this.#isAway;
  }

  noteReply(): void {
    this.#isAway = false;
  }

  noteFailure(): void {
    if (this.#isAway) return;
    this.#isAway = true;
    // It was perhaps only late.
    this.#probeAtMs = -Infinity;
  }

  /** Sends one message now and then, as long as the other side is away. @param send never waited for */
  probe(nowMs: number, send: () => Promise<unknown>): void {
    if (!this.#isAway || this.#isProbing || nowMs < this.#probeAtMs) return;
    this.#isProbing = true;
    this.#probeAtMs = nowMs + PROBE_INTERVAL_MS;
    send().then(
      () => {
        this.#isProbing = false;
        this.noteReply();
      },
      () => {
        // Still away: the next one is due after the interval.
        this.#isProbing = false;
      },
    );
  }
}
