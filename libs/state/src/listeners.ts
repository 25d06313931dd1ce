import type { Unsubscribe } from './ports/unsubscribe.ts';

/** Listeners of one topic, called in the order they came; one that throws harms no other. */
export class Listeners<T> {
  readonly #listeners = new Set<(value: T) => void>();

  get size(): number {
    return this.#listeners.size;
  }

  add(listener: (value: T) => void): Unsubscribe {
    // A wrapper, so that one function registered twice is two listeners.
    const own = (value: T): void => listener(value);
    this.#listeners.add(own);
    return () => this.#listeners.delete(own);
  }

  call(value: T): void {
    for (const listener of this.#listeners) {
      try {
        listener(value);
      } catch (error) {
        // Its owner's fault, and it must come to light: as an uncaught exception outside of this loop.
        queueMicrotask(() => {
          throw error;
        });
      }
    }
  }
}
