import { Worker } from 'node:worker_threads';
import { monotonicMs } from './monotonic.ts';

/**
 * Calls back at a steady interval with an accuracy of about 0.1 ms. Node's timers are up to 1 ms late, which is more
 * than the latencies that the open loop measures. A thread sleeps on a futex and wakes the event loop.
 */
export class Pacer {
  readonly #intervalMs: number;
  readonly #onTick: (startMs: number) => void;
  #thread: Worker | undefined;

  /** @param onTick gets the time of the first tick on the clock of performance.now(), the same at every tick. */
  constructor(intervalMs: number, onTick: (startMs: number) => void) {
    this.#intervalMs = intervalMs;
    this.#onTick = onTick;
  }

  start(): void {
    const offsetMs = monotonicMs() - performance.now();
    const thread = new Worker(new URL('./pacer-thread.ts', import.meta.url), {
      workerData: { intervalMs: this.#intervalMs },
    });
    thread.on('message', (startMs: number) => this.#onTick(startMs - offsetMs));
    this.#thread = thread;
  }

  stop(): void {
    // Not awaited: the thread holds no resource, and the exit of the process ends it too.
    void this.#thread?.terminate();
    this.#thread = undefined;
  }
}
