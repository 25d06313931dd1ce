/** Most probes that are kept; each endpoint has one. */
const MAX_PROBES = 10_000;

/** Grants one probe of an endpoint at a time, from the memory of one process. */
export class LocalProbes {
  readonly #now: () => number;
  readonly #untilMs = new Map<string, number>();

  /** @param now monotonic milliseconds */
  constructor(now: () => number) {
    this.#now = now;
  }

  acquire(endpointKey: string, ttlMs: number): boolean {
    const nowMs = this.#now();
    if ((this.#untilMs.get(endpointKey) ?? 0) > nowMs) return false;
    if (this.#untilMs.size >= MAX_PROBES) {
      for (const [key, untilMs] of this.#untilMs) if (untilMs <= nowMs) this.#untilMs.delete(key);
    }
    this.#untilMs.set(endpointKey, nowMs + ttlMs);
    return true;
  }
}
