type Stoppable = { stop(): unknown } | { close(): unknown };

/**
 * The servers and processes that a suite has started. If its `before` fails halfway, `stop` in its `after` still ends
 * those that run, so that the test file does not hang.
 */
export class Started {
  readonly #stops = new Map<unknown, () => unknown>();

  add<T extends Stoppable>(thing: T): T {
    this.#stops.set(thing, () => ('stop' in thing ? thing.stop() : thing.close()));
    return thing;
  }

  /** Removes a thing that a test has ended. */
  remove(thing: Stoppable): void {
    this.#stops.delete(thing);
  }

  /** Adds a function that ends something without a method for it. */
  onStop(stop: () => unknown): void {
    this.#stops.set(stop, stop);
  }

  /** Stops all of them, the last one first, also if one fails. @throws the first failure */
  async stop(): Promise<void> {
    const failures: unknown[] = [];
    const stops = [...this.#stops.values()].reverse();
    this.#stops.clear();
    for (const stop of stops) {
      try {
        await stop();
      } catch (error) {
        failures.push(error);
      }
    }
    if (failures.length > 0) throw failures[0];
  }
}
