import { systemClock, type Clock } from './clock.ts';

/**
 * Runs `work` at once after a pause, and at most once in `intervalMs` when triggered often. No trigger waits longer
 * than the interval, and a burst of triggers costs one run.
 */
export class Coalescer {
  readonly #intervalMs: number;
  readonly #work: () => void;
  readonly #clock: Clock;
  #lastMs = -Infinity;
  #cancel: (() => void) | null = null;

  constructor(intervalMs: number, work: () => void, clock: Clock = systemClock) {
    this.#intervalMs = intervalMs;
    this.#work = work;
    this.#clock = clock;
  }

  trigger(): void {
    if (this.#cancel !== null) return;
    const sinceMs = this.#clock.nowMs() - this.#lastMs;
    if (sinceMs >= this.#intervalMs) {
      this.#run();
      return;
    }
    this.#cancel = this.#clock.after(this.#intervalMs - sinceMs, () => {
      this.#cancel = null;
      this.#run();
    });
  }

  stop(): void {
    this.#cancel?.();
    this.#cancel = null;
  }

  #run(): void {
    this.#lastMs = this.#clock.nowMs();
    this.#work();
  }
}
