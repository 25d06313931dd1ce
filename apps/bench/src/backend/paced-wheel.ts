/** Something that is called once every interval until it returns false. */
export interface Paced {
  beat(): boolean;
}

/**
 * Calls many things at the same interval, spread evenly over it, from one timer: real token streams do not beat in
 * step, and a timer for each of 1,000 streams would cost the backend more than their bytes.
 */
export class PacedWheel {
  readonly #intervalMs: number;
  readonly #slots: Set<Paced>[];
  readonly #timer: NodeJS.Timeout;
  readonly #startMs = performance.now();
  #ticks = 0;
  #nextSlot = 0;

  constructor(intervalMs: number) {
    this.#intervalMs = intervalMs;
    const slots = Math.max(1, Math.min(intervalMs, 1000));
    this.#slots = Array.from({ length: slots }, () => new Set());
    this.#timer = setInterval(() => this.#catchUp(), Math.max(1, intervalMs / slots));
  }

  add(paced: Paced): void {
    this.#slots[this.#nextSlot]!.add(paced);
    // A stride that shares no factor with usual slot counts keeps few streams as evenly spread as many.
    this.#nextSlot = (this.#nextSlot + 37) % this.#slots.length;
  }

  remove(paced: Paced): void {
    for (const slot of this.#slots) if (slot.delete(paced)) return;
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** A late timer is made up for at once, so that the number of beats in a window does not depend on lateness. */
  #catchUp(): void {
    const due = Math.floor(((performance.now() - this.#startMs) * this.#slots.length) / this.#intervalMs);
    const late = Math.min(due - this.#ticks, this.#slots.length);
    this.#ticks = due - late;
    for (let i = 0; i < late; i += 1) {
      const slot = this.#slots[this.#ticks % this.#slots.length]!;
      this.#ticks += 1;
      for (const paced of slot) if (!paced.beat()) slot.delete(paced);
    }
  }
}
