import type { Clock } from '../src/pace/clock.ts';

interface Task {
  readonly atMs: number;
  readonly order: number;
  readonly work: () => void;
}

/** A clock that only tests advance. */
export class VirtualClock implements Clock {
  #nowMs = 1_000_000;
  #order = 0;
  #tasks: Task[] = [];
  /** Number of timers and intervals that were started. */
  started = 0;

  nowMs(): number {
    return this.#nowMs;
  }

  after(delayMs: number, work: () => void): () => void {
    this.started += 1;
    return this.#add(delayMs, work);
  }

  every(intervalMs: number, work: () => void): () => void {
    this.started += 1;
    const run = (): void => {
      cancel = this.#add(intervalMs, run);
      work();
    };
    let cancel = this.#add(intervalMs, run);
    return () => cancel();
  }

  /** Whether a timer or an interval is active. */
  get isWaiting(): boolean {
    return this.#tasks.length > 0;
  }

  /** Advances by `ms` and runs all timers that become due, each at its time, promises included. */
  async run(ms: number): Promise<void> {
    const endMs = this.#nowMs + ms;
    await settlePromises();
    for (;;) {
      const due = this.#tasks
        .filter((task) => task.atMs <= endMs)
        .sort((a, b) => a.atMs - b.atMs || a.order - b.order)[0];
      if (due === undefined) break;
      this.#tasks = this.#tasks.filter((task) => task !== due);
      this.#nowMs = Math.max(this.#nowMs, due.atMs);
      due.work();
      await settlePromises();
    }
    this.#nowMs = endMs;
  }

  #add(delayMs: number, work: () => void): () => void {
    this.#order += 1;
    const task = { atMs: this.#nowMs + delayMs, order: this.#order, work };
    this.#tasks.push(task);
    return () => {
      this.#tasks = this.#tasks.filter((other) => other !== task);
    };
  }
}

function settlePromises(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
