import { performance } from 'node:perf_hooks';
import { Content } from './respond.ts';
import { readMoment, type AdminDeps, type Moment } from './sources.ts';

/** Pause after a read as a multiple of its cost, so that reads take at most a fifth of a worker's time. */
const REST_FACTOR = 4;
const MAX_REST_MS = 500;

/**
 * Reads the cluster once for simultaneous readers, and makes each view of it once. A reader never gets a reading that
 * began before its request, so every request that was answered before is counted.
 */
export class SharedMoments {
  readonly #deps: AdminDeps;
  #running: Promise<Moment> | null = null;
  #next: Promise<Moment> | null = null;
  #costMs = 0;
  #restsUntilMs = 0;
  readonly #views = new WeakMap<Moment, Map<string, Content>>();

  constructor(deps: AdminDeps) {
    this.#deps = deps;
  }

  read(): Promise<Moment> {
    if (this.#next !== null) return this.#next;
    const restMs = this.#restsUntilMs - performance.now();
    if (this.#running === null && restMs <= 0) return this.#begin();
    // Readers that arrive during a read or the pause after it share the next read.
    return (this.#next = this.#afterRest(restMs));
  }

  /** @param key of the view, with what it depends on beside the moment */
  view(moment: Moment, key: string, build: () => unknown): Content {
    let views = this.#views.get(moment);
    if (views === undefined) this.#views.set(moment, (views = new Map()));
    let content = views.get(key);
    if (content === undefined) {
      const startedAt = performance.now();
      views.set(key, (content = new Content(build())));
      content.prepare();
      this.#spent(performance.now() - startedAt);
    }
    return content;
  }

  async #afterRest(restMs: number): Promise<Moment> {
    // The readers of a failed read get its error themselves.
    await this.#running?.catch(() => undefined);
    const left = Math.max(restMs, this.#restsUntilMs - performance.now());
    if (left > 0) await new Promise((resolve) => setTimeout(resolve, left));
    this.#next = null;
    return this.#begin();
  }

  #begin(): Promise<Moment> {
    this.#costMs = 0;
    this.#running = readMoment(this.#deps, (ms) => this.#spent(ms)).finally(() => (this.#running = null));
    return this.#running;
  }

  #spent(ms: number): void {
    this.#costMs += ms;
    this.#restsUntilMs = performance.now() + Math.min(MAX_REST_MS, REST_FACTOR * this.#costMs);
  }
}
