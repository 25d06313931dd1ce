import type { PendingBudget } from './pending-budget.ts';

/** An attempt that sends a body. */
export interface BodySender {
  /** Bytes that it has taken from what was read, and not yet handed to the backend's socket. */
  readonly unsentBytes: number;
}

/**
 * The bytes that were read of a body, in the pieces in which they came. They count in the worker's budget until they are
 * handed to a backend's socket or, while they are kept for another attempt, until a response begins.
 */
export class ReadBytes {
  /** All that was read, whatever is still held. */
  length = 0;
  readonly #budget: PendingBudget;
  readonly #maxKeptBytes: number;
  #chunks: Buffer[] = [];
  #heldBytes = 0;
  #keeps: boolean;
  #isWhole = true;
  #sender: BodySender | null = null;

  /**
   * @param announced bytes of the whole body; null if they are not known
   * @param maxKeptBytes a larger body is not kept for another attempt
   */
  constructor(budget: PendingBudget, announced: number | null, maxKeptBytes: number) {
    this.#budget = budget;
    this.#maxKeptBytes = maxKeptBytes;
    this.#keeps = (announced ?? 0) <= maxKeptBytes;
  }

  /** All that was read, while it is whole. */
  get chunks(): readonly Buffer[] {
    return this.#chunks;
  }

  /** Every byte from the first is held, so that an attempt can send the body from its beginning. */
  get isWhole(): boolean {
    return this.#isWhole;
  }

  /** It will stay whole when it is sent, as far as one can tell now. */
  get keeps(): boolean {
    return this.#keeps;
  }

  /** Takes a piece that has no attempt yet to go to. @returns false if the budget does not allow it */
  push(chunk: Buffer): boolean {
    if (!this.#budget.take(chunk.length)) return false;
    this.#add(chunk);
    return true;
  }

  /** Takes the last piece before the body streams, for which there was no room. */
  pushAnyway(chunk: Buffer): void {
    this.#budget.takeAnyway(chunk.length);
    this.#keeps = false;
    this.#add(chunk);
  }

  /** Keeps a piece that the running attempt hands on, if it may and there is room. */
  pass(chunk: Buffer): void {
    if (!this.#keeps) this.length += chunk.length;
    else if (this.length + chunk.length <= this.#maxKeptBytes && this.#budget.takeSpare(chunk.length))
      this.#add(chunk);
    else {
      this.length += chunk.length;
      this.letGo();
    }
  }

  /** All of them in one piece. */
  join(): Buffer {
    const [first] = this.#chunks;
    return first !== undefined && this.#chunks.length === 1 ? first : Buffer.concat(this.#chunks);
  }

  /** An attempt begins to send them: it has taken `chunks`. */
  sending(sender: BodySender): void {
    this.#sender = sender;
    if (this.#keeps) this.#budget.addKeeper(this);
    else this.letGo();
  }

  /** The attempt has handed on a piece of what it took. */
  sent(): void {
    if (this.#isWhole) return;
    this.#holdOnly(this.#sender?.unsentBytes ?? 0);
  }

  /** The attempt is over. */
  stopped(): void {
    this.#sender = null;
    this.#budget.removeKeeper(this);
    if (!this.#isWhole) this.#holdOnly(0);
  }

  /** No other attempt gets them: what the running one has taken is all that is held from now on. */
  letGo(): void {
    this.#keeps = false;
    this.#isWhole = false;
    this.#chunks = [];
    this.#budget.removeKeeper(this);
    this.#holdOnly(this.#sender?.unsentBytes ?? 0);
  }

  #add(chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.length += chunk.length;
    this.#heldBytes += chunk.length;
    if (this.length > this.#maxKeptBytes) this.#keeps = false;
  }

  /** Another name in place of the model makes what is sent a little longer than what was read. */
  #holdOnly(bytes: number): void {
    const held = Math.min(this.#heldBytes, bytes);
    this.#budget.giveBack(this.#heldBytes - held);
    this.#heldBytes = held;
  }
}
