type Stoppable = { stop(): unknown } | { close(): unknown };

/**
 * The servers and processes that a suite has started. If its `before` fails halfway, `stop` in its `after` still ends
 * those that run, so that the test file does not hang.
 */
export class Started {
  readonly #things: Stoppable[] = [];

  add<T extends Stoppable>(thing: T): T {
    this.#things.push(thing);
    return thing;
  }

  /** Stops all of them, the last one first. */
  async stop(): Promise<void> {
    for (const thing of this.#things.splice(0).reverse()) {
      await ('stop' in thing ? thing.stop() : thing.close());
    }
  }
}
