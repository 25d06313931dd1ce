import { Worker } from 'node:worker_threads';
import { monotonicMs } from './monotonic.ts';

/**
 * Calls back at a steady interval with an accuracy of about 0.1 ms: Node's own timers are up to 1 ms late, which is
 * more than what the open loop has to measure. A thread sleeps on a futex and wakes the event loop.
 */
export class Pacer {
  readonly #intervalMs: number;
  readonly #onBeat: (startMs: number) => void;
  #thread: Worker | undefined;

  /** @param onBeat is given the time of the first beat on the clock of performance.now(); beats follow from there. */
  constructor(intervalMs: number, onBeat: (startMs: number) => void) {
    this.#intervalMs = intervalMs;
    this.#onBeat = onBeat;
  }

  start(): void {
    const aheadMs = monotonicMs() - performance.now();
    const thread = new Worker(new URL('./pacer-thread.ts', import.meta.url), {
      workerData: { intervalMs: this.#intervalMs },
    });
    thread.on('message', (startMs: number) => this.#onBeat(startMs - aheadMs));
    this.#thread = thread;
  }

  stop(): void {
    // Nothing waits for the thread's end: it holds no resource, and process exit ends it as well.
    void this.#thread?.terminate();
    this.#thread = undefined;
  }
}
