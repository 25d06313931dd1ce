/** Runs `work` when triggered, one run at a time. Triggers during a run cause one further run. */
export class Reconciler {
  readonly #work: () => Promise<void>;
  #isDue = false;
  #isRunning = false;

  constructor(work: () => Promise<void>) {
    this.#work = work;
  }

  /** Never rejects. After a failure the next call tries again. */
  async run(): Promise<void> {
    this.#isDue = true;
    if (this.#isRunning) return;
    this.#isRunning = true;
    try {
      while (this.#isDue) {
        this.#isDue = false;
        await this.#work();
      }
    } catch {
      // Redis is unreachable again, or busy. The next heartbeat finds the difference again.
    } finally {
      this.#isRunning = false;
    }
  }
}
