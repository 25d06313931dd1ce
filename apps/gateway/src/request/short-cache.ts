import { performance } from 'node:perf_hooks';

/** A value is used again for so many times what it took to build: building takes at most a fifth of a worker's time. */
const KEEP_FACTOR = 4;
const MAX_KEEP_MS = 500;
const MAX_ENTRIES = 64;

interface Entry<Value> {
  readonly value: Value;
  readonly source: object;
  readonly untilMs: number;
}

/** Keeps what is costly to build for a moment. What costs little is built anew almost each time. */
export class ShortCache<Value extends object | string> {
  readonly #entries = new Map<string, Entry<Value>>();

  /**
   * @param source the value is dropped when this is another object
   * @param build what it returns is kept unless that is null
   */
  get<Built extends Value | null>(key: string, source: object, build: () => Built): Value | Built {
    const known = this.#entries.get(key);
    const startedAt = performance.now();
    if (known !== undefined && known.source === source && startedAt < known.untilMs) return known.value;
    const value = build();
    if (value === null) return value;
    const endedAt = performance.now();
    if (known === undefined && this.#entries.size >= MAX_ENTRIES) this.#entries.clear();
    const keepMs = Math.min(MAX_KEEP_MS, KEEP_FACTOR * (endedAt - startedAt));
    this.#entries.set(key, { value, source, untilMs: endedAt + keepMs });
    return value;
  }
}
