import { performance } from 'node:perf_hooks';

/** A value is reused for this multiple of its build time, so that building takes at most a fifth of a worker's time. */
const KEEP_FACTOR = 4;
const MAX_KEEP_MS = 500;
const MAX_ENTRIES = 64;

/** The source of a value. */
export interface View {
  readonly source: object;
  /** Changes with its content. */
  readonly revision: number;
}

interface Entry<Value> {
  readonly value: Value;
  readonly view: View;
  readonly untilMs: number;
}

/** Caches costly values for a moment. A cheap value is built again almost each time. */
export class ShortCache<Value extends object | string> {
  readonly #entries = new Map<string, Entry<Value>>();

  /**
   * @param view the value is dropped when its source or its revision changes
   * @param build its result is cached unless it is null
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
