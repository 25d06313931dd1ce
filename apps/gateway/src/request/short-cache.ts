import { performance } from 'node:perf_hooks';

/** A value is used again for so many times what it took to build: building takes at most a fifth of a worker's time. */
const KEEP_FACTOR = 4;
const MAX_KEEP_MS = 500;
const MAX_ENTRIES = 64;

/** What a value was built of. */
export interface View {
  readonly source: object;
  /** Changes with what is in it. */
  readonly revision: number;
}

interface Entry<Value> {
  readonly value: Value;
  readonly view: View;
  readonly untilMs: number;
}

/** Keeps what is costly to build for a moment. What costs little is built anew almost each time. */
export class ShortCache<Value extends object | string> {
  readonly #entries = new Map<string, Entry<Value>>();

  /**
   * @param view the value is dropped when its source or its revision is another
   * @param build what it returns is kept unless that is null
   */
  get<Built extends Value | null>(key: string, view: View, build: () => Built): Value | Built {
    const known = this.#entries.get(key);
    const startedAt = performance.now();
    if (known !== undefined && isSame(known.view, view) && startedAt < known.untilMs) return known.value;
    const value = build();
    if (value === null) return value;
    const endedAt = performance.now();
    if (known === undefined && this.#entries.size >= MAX_ENTRIES) this.#entries.clear();
    const keepMs = Math.min(MAX_KEEP_MS, KEEP_FACTOR * (endedAt - startedAt));
    this.#entries.set(key, { value, view, untilMs: endedAt + keepMs });
    return value;
  }
}

function isSame(a: View, b: View): boolean {
  return a.source === b.source && a.revision === b.revision;
}
