/** The times at which requests of a fixed rate are due, handed out one by one, none ever skipped. */
export class DueTimes {
  readonly #intervalMs: number;
  #startMs: number | undefined;
  #taken = 0;

  constructor(ratePerS: number) {
    this.#intervalMs = 1000 / ratePerS;
  }

  get begun(): boolean {
    return this.#startMs !== undefined;
  }

  begin(nowMs: number): void {
    this.#startMs = nowMs;
    this.#taken = 0;
  }

  /** The oldest due time not yet taken, in ms of the caller's clock; undefined when nothing is due yet. */
  take(nowMs: number): number | undefined {
    if (this.#startMs === undefined) return undefined;
    const dueMs = this.#startMs + this.#taken * this.#intervalMs;
    if (dueMs > nowMs) return undefined;
    this.#taken += 1;
    return dueMs;
  }
}
