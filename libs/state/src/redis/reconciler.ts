/** Runs `work` whenever it is due, one run at a time; what is due during a run is done by one more. */
export class Reconciler {
  readonly #work: () => Promise<void>;
  #isDue = false;
  #isRunning = false;

  constructor(work: () => Promise<void>) {
    this.#work = work;
  }

  /** Never rejects: after a failure the next call tries again. */
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
      // Redis is away again, or busy: the next heartbeat shows the difference once more.
    } finally {
      this.#isRunning = false;
    }
  }
}
