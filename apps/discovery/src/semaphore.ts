/** Lets a bounded number of tasks run at once. The others wait and start in the order in which they came. */
export class Semaphore {
  #free: number;
  readonly #waiting: (() => void)[] = [];

  /** @param limit tasks that may run at once, at least 1 */
  constructor(limit: number) {
    this.#free = limit;
  }

  /** Runs a task when it is its turn. Rejects only if the task does. */
  async run<T>(task: () => Promise<T>): Promise<T> {
    if (this.#free > 0) this.#free -= 1;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    try {
      return await task();
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#free += 1;
      else next();
    }
  }
}
