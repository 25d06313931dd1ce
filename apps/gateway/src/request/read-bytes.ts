import { copyOf } from './body-memory.ts';
import type { PendingBudget } from './pending-budget.ts';

/** An attempt that sends a body. */
export interface BodySender {
  /** Bytes that it has taken, and not yet passed to the backend's socket. */
  readonly unsentBytes: number;
}

/**
 * The bytes that were read of a body, in the pieces in which they arrived. They count in the worker's budget until they
 * are passed to a backend's socket or, while they are kept for another attempt, until a response begins.
 */
export class ReadBytes {
  /** Number of all bytes that were read, held or not. */
  length = 0;
  readonly #budget: PendingBudget;
  readonly #announced: number | null;
  readonly #maxKeptBytes: number;
  #chunks: Buffer[] = [];
  #heldBytes = 0;
  /** Bytes that are reserved for expected data. */
  #reservedBytes = 0;
  #isReserved = false;
  #keeps: boolean;
  #isWhole = true;
  #sender: BodySender | null = null;

  /**
   * @param announced bytes of the whole body; null if unknown
   * @param maxKeptBytes a larger body is not kept for another attempt
   */
  constructor(budget: PendingBudget, announced: number | null, maxKeptBytes: number) {
    this.#budget = budget;
    this.#announced = announced;
    this.#maxKeptBytes = maxKeptBytes;
    this.#keeps = (announced ?? 0) <= maxKeptBytes;
  }

  /** All pieces that were read, while none was dropped. */
  get chunks(): readonly Buffer[] {
    return this.#chunks;
  }

  /** Every byte from the first is held, so that an attempt can send the body from its beginning. */
  get isWhole(): boolean {
    return this.#isWhole;
  }

  /** As far as is known now, the whole body will still be held when it has been sent. */
  get keeps(): boolean {
    return this.#keeps;
  }

  /** New data may wait here for a backend that reads slowly. */
  get mayWait(): boolean {
    return this.#keeps && this.#isReserved;
  }

  /** Takes a piece while no attempt runs. @returns false if the budget does not allow it */
  push(chunk: Buffer): boolean {
    if (!this.#budget.take(chunk.length)) return false;
    this.#add(chunk);
    return true;
  }

  /** Takes the last piece before the body streams, even if the budget has no room for it. */
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
    if (this.#keeps) this.drop();
    return chunk;
  }

  /** All of them in one piece. */
  join(): Buffer {
    const [first] = this.#chunks;
    return first !== undefined && this.#chunks.length === 1 ? first : Buffer.concat(this.#chunks);
  }

  /** An attempt begins to send them and has taken `chunks`. */
  sending(sender: BodySender): void {
    this.#sender = sender;
    if (this.#keeps) this.#budget.addKeeper(this);
    else this.drop();
  }

  /** More data is expected: reserves room for the whole body, or as much as may be kept, in half of the budget. */
  reserve(): void {
    if (!this.#keeps || this.#isReserved) return;
    const bytes = Math.max(0, (this.#announced ?? this.#maxKeptBytes) - this.length);
    this.#isReserved = this.#budget.takeForLater(bytes);
    if (!this.#isReserved) return;
    this.#reservedBytes = bytes;
    this.#heldBytes += bytes;
  }

  /** The client has sent the whole body. */
  ended(): void {
    this.#budget.giveBack(this.#reservedBytes);
    this.#heldBytes -= this.#reservedBytes;
    this.#reservedBytes = 0;
  }

  /** The attempt has passed on a piece. */
  sent(): void {
    if (this.#isWhole) return;
    this.#holdOnly(this.#sender?.unsentBytes ?? 0);
  }

  /** The attempt has ended. */
  stopped(): void {
    this.#sender = null;
    this.#budget.removeKeeper(this);
    if (!this.#isWhole) this.#holdOnly(0);
  }

  /** No other attempt gets them: from now on only the bytes of the running one are held. */
  drop(): void {
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
    const held = this.#budget.isLarge ? copyOf(chunk) : chunk;
    this.#chunks.push(held);
    this.length += chunk.length;
    this.#heldBytes += chunk.length;
    if (this.length > this.#maxKeptBytes) this.#keeps = false;
    return held;
  }

  /** Another name for the model makes the sent body a little longer than the read one. */
  #holdOnly(bytes: number): void {
    this.#reservedBytes = 0;
    const held = Math.min(this.#heldBytes, bytes);
    this.#budget.giveBack(this.#heldBytes - held);
    this.#heldBytes = held;
  }
}
