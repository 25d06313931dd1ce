import { systemClock, type Clock } from './clock.ts';

/** A killed worker loses at most the counts of this interval. */
export const STATISTICS_INTERVAL_MS = 250;

/** Decides when a worker sends its statistics: one interval after a change, with all changes until then. */
export class StatisticsPace {
  readonly #send: () => boolean;
  readonly #clock: Clock;
  #cancel: (() => void) | null = null;
  #isClosed = false;

  /** @param send returns false if the statistics could not be sent; they are sent again after the interval */
  constructor(send: () => boolean, clock: Clock = systemClock) {
    this.#send = send;
    this.#clock = clock;
  }

  noteChange(): void {
    if (this.#isClosed) return;
    this.#cancel ??= this.#clock.after(STATISTICS_INTERVAL_MS, () => {
      this.#cancel = null;
      if (!this.#send()) this.noteChange();
    });
  }

  close(): void {
    this.#isClosed = true;
    this.#cancel?.();
    this.#cancel = null;
  }
}
