/** Probes remembered at once; each endpoint has one. */
const MAX_PROBES = 10_000;

/** One probe of an endpoint at a time, as one process grants them. */
export class LocalProbes {
  readonly #now: () => number;
  readonly #untilMs = new Map<string, number>();

  /** @param now milliseconds that never run backwards */
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
