import type { Unsubscribe } from './ports/unsubscribe.ts';

/** Listeners of one topic, called in the order of registration. One that throws does not affect the others. */
export class Listeners<T> {
  readonly #listeners = new Set<(value: T) => void>();

  get size(): number {
    return this.#listeners.size;
  }

  add(listener: (value: T) => void): Unsubscribe {
    // The wrapper makes one function that is registered twice two listeners.
    const own = (value: T): void => listener(value);
    this.#listeners.add(own);
    return () => this.#listeners.delete(own);
  }

  call(value: T): void {
    for (const listener of this.#listeners) {
      try {
        listener(value);
      } catch (error) {
        // The error must not be lost: it is thrown outside of this loop, as an uncaught exception.
        queueMicrotask(() => {
          throw error;
        });
      }
    }
  }
}
