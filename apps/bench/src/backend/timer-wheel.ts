/** Called once every interval until `onTick` returns false. */
export interface TimerWheelEntry {
  onTick(): boolean;
}

/**
 * Calls many entries at the same interval from one timer, spread evenly over the interval. Real token streams are not
 * in step, and a timer for each of 1,000 streams would cost the backend more than their bytes.
 */
export class TimerWheel {
  readonly #intervalMs: number;
  readonly #slots: Set<TimerWheelEntry>[];
  readonly #timer: NodeJS.Timeout;
  readonly #startMs = performance.now();
  #ticks = 0;
  #nextSlot = 0;

  constructor(intervalMs: number) {
    this.#intervalMs = intervalMs;
    const slots = Math.max(1, Math.min(intervalMs, 1000));
    this.#slots = Array.from({ length: slots }, () => new Set());
    this.#timer = setInterval(() => this.#runDueTicks(), Math.max(1, intervalMs / slots));
  }

  add(entry: TimerWheelEntry): void {
    this.#slots[this.#nextSlot]!.add(entry);
    // The stride has no factor in common with the usual slot counts, so that few streams are spread evenly too.
    this.#nextSlot = (this.#nextSlot + 37) % this.#slots.length;
  }

  remove(entry: TimerWheelEntry): void {
    for (const slot of this.#slots) if (slot.delete(entry)) return;
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** Runs the ticks that a late timer missed too, so that a window always holds the same number of them. */
  #runDueTicks(): void {
    const due = Math.floor(((performance.now() - this.#startMs) * this.#slots.length) / this.#intervalMs);
    const missed = Math.min(due - this.#ticks, this.#slots.length);
    this.#ticks = due - missed;
    for (let i = 0; i < missed; i += 1) {
      const slot = this.#slots[this.#ticks % this.#slots.length]!;
      this.#ticks += 1;
      for (const entry of slot) if (!entry.onTick()) slot.delete(entry);
    }
  }
}
