import { Worker } from 'node:worker_threads';

/**
 * Calls back at a steady interval with an accuracy of about 0.1 ms: Node's own timers are up to 1 ms late, which is
 * more than what the open loop has to measure. A thread sleeps on a futex and wakes the event loop.
 */
export class Pacer {
  readonly #intervalMs: number;
  readonly #onBeat: () => void;
  #thread: Worker | undefined;

  constructor(intervalMs: number, onBeat: () => void) {
    this.#intervalMs = intervalMs;
    this.#onBeat = onBeat;
  }

  start(): void {
    const thread = new Worker(new URL('./pacer-thread.ts', import.meta.url), {
      workerData: { intervalMs: this.#intervalMs },
    });
    thread.on('message', this.#onBeat);
    this.#thread = thread;
  }

  stop(): void {
    // Nothing waits for the thread's end: it holds no resource, and process exit ends it as well.
    void this.#thread?.terminate();
    this.#thread = undefined;
  }
}
