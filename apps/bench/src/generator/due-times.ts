/** The times at which the requests of a fixed rate are due. They are taken one by one, and none is skipped. */
export class DueTimes {
  readonly #intervalMs: number;
  #startMs: number | undefined;
  #taken = 0;

  constructor(ratePerS: number) {
    this.#intervalMs = 1000 / ratePerS;
  }

  get started(): boolean {
    return this.#startMs !== undefined;
  }

  start(nowMs: number): void {
    this.#startMs = nowMs;
    this.#taken = 0;
  }

  /** The oldest due time not yet taken, on the caller's clock in ms. Undefined when none is due. */
  take(nowMs: number): number | undefined {
    if (this.#startMs === undefined) return undefined;
    const dueMs = this.#startMs + this.#taken * this.#intervalMs;
    if (dueMs > nowMs) return undefined;
    this.#taken += 1;
    return dueMs;
  }
}
