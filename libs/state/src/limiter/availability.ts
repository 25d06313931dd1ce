/** Interval between two messages to a side that does not reply. */
const PROBE_INTERVAL_MS = 300;

/**
 * Whether the other side replies. Once it has failed, no request waits for it until it replies again. Messages that
 * carry no request check that.
 */
export class Availability {
  #isDown = false;
  #isProbing = false;
  #probeAtMs = -Infinity;

  get isDown(): boolean {
    return this.#isDown;
  }

  noteReply(): void {
    this.#isDown = false;
  }

  noteFailure(): void {
    if (this.#isDown) return;
    this.#isDown = true;
    // The failure may have been a delay.
    this.#probeAtMs = -Infinity;
  }

  /** Sends a message once an interval while the other side is down. @param send is not awaited */
  probe(nowMs: number, send: () => Promise<unknown>): void {
    if (!this.#isDown || this.#isProbing || nowMs < this.#probeAtMs) return;
    this.#isProbing = true;
    this.#probeAtMs = nowMs + PROBE_INTERVAL_MS;
    send().then(
      () => {
        this.#isProbing = false;
        this.noteReply();
      },
      () => {
        // It is still down, so the next message is due after the interval.
        this.#isProbing = false;
      },
    );
  }
}
