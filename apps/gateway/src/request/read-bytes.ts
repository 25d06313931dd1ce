import { copyOf } from './body-memory.ts';
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
  readonly #announced: number | null;
  readonly #maxKeptBytes: number;
  #chunks: Buffer[] = [];
  #heldBytes = 0;
  /** Counted for what is still to come. */
  #reservedBytes = 0;
  #isReserved = false;
  #keeps: boolean;
  #isWhole = true;
  #sender: BodySender | null = null;

  /**
   * @param announced bytes of the whole body; null if they are not known
   * @param maxKeptBytes a larger body is not kept for another attempt
   */
  constructor(budget: PendingBudget, announced: number | null, maxKeptBytes: number) {
    this.#budget = budget;
    this.#announced = announced;
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

  /** What comes may wait here for a backend that is slow to read. */
  get mayWait(): boolean {
    return this.#keeps && this.#isReserved;
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

  /** Keeps a piece of the running attempt, if it may and there is room. @returns it, or the copy that is kept */
  pass(chunk: Buffer): Buffer {
    const isSmallEnough = this.length + chunk.length <= this.#maxKeptBytes;
    if (this.#keeps && isSmallEnough && this.#takeFor(chunk.length)) return this.#add(chunk);
    this.length += chunk.length;
    if (this.#keeps) this.letGo();
    return chunk;
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

  /** More is to come: makes sure of room for the whole body, or as much as may be kept, in half of the budget. */
  reserve(): void {
    if (!this.#keeps || this.#isReserved) return;
    const bytes = Math.max(0, (this.#announced ?? this.#maxKeptBytes) - this.length);
    this.#isReserved = this.#budget.takeForLater(bytes);
    if (!this.#isReserved) return;
    this.#reservedBytes = bytes;
    this.#heldBytes += bytes;
  }

  /** The client has sent all of it. */
  ended(): void {
    this.#budget.giveBack(this.#reservedBytes);
    this.#heldBytes -= this.#reservedBytes;
    this.#reservedBytes = 0;
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

  #takeFor(bytes: number): boolean {
    if (this.#reservedBytes < bytes) return this.#budget.takeSpare(bytes);
    this.#reservedBytes -= bytes;
    this.#heldBytes -= bytes;
    return true;
  }

  #add(chunk: Buffer): Buffer {
    const held = this.#budget.isMuch ? copyOf(chunk) : chunk;
    this.#chunks.push(held);
    this.length += chunk.length;
    this.#heldBytes += chunk.length;
    if (this.length > this.#maxKeptBytes) this.#keeps = false;
    return held;
  }

  /** Another name in place of the model makes what is sent a little longer than what was read. */
  #holdOnly(bytes: number): void {
    this.#reservedBytes = 0;
    const held = Math.min(this.#heldBytes, bytes);
    this.#budget.giveBack(this.#heldBytes - held);
    this.#heldBytes = held;
  }
}
