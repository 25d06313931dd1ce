/**
 * Runs `work` at once when asked after a pause, and at most once in `intervalMs` when asked often: nothing waits
 * longer than the interval, and a burst costs one run.
 */
export class Coalescer {
  readonly #intervalMs: number;
  readonly #work: () => void;
  #lastMs = -Infinity;
  #timer: NodeJS.Timeout | null = null;

  constructor(intervalMs: number, work: () => void) {
    this.#intervalMs = intervalMs;
    this.#work = work;
  }

  ask(): void {
    if (this.#timer !== null) return;
    const sinceMs = performance.now() - this.#lastMs;
    if (sinceMs >= this.#intervalMs) {
      this.#run();
      return;
    }
    this.#timer = setTimeout(() => {
      this.#timer = null;
      this.#run();
    }, this.#intervalMs - sinceMs);
    this.#timer.unref();
  }

  stop(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }

  #run(): void {
    this.#lastMs = performance.now();
    this.#work();
  }
}
