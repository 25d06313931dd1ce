import { BodyMemory, LARGE_BYTES } from './body-memory.ts';

/** A holder of bytes that are not strictly needed. */
export interface Keeper {
  /** Drops the bytes that it keeps only for another attempt, and returns them to the budget. */
  drop(): void;
}

/** Bytes of request bodies that a worker holds: one budget for all its requests. */
export class PendingBudget {
  readonly limitBytes: number;
  #heldBytes = 0;
  /** In the order in which they began to keep bytes. */
  readonly #keepers = new Set<Keeper>();
  readonly #memory = new BodyMemory(() => this.#heldBytes);

  constructor(limitBytes: number) {
    this.limitBytes = limitBytes;
  }

  get heldBytes(): number {
    return this.#heldBytes;
  }

  /** So many bytes are held that they should be collected soon after their release. */
  get isLarge(): boolean {
    return this.#heldBytes > LARGE_BYTES;
  }

  /**
   * Takes bytes that a request cannot do without. Bytes that others keep only for another attempt are dropped for them.
   *
   * @returns false, and takes nothing, if the limit would still be exceeded
   */
  take(bytes: number): boolean {
    for (const keeper of this.#keepers) {
      if (this.#heldBytes + bytes <= this.limitBytes) break;
      keeper.drop();
    }
    return this.takeSpare(bytes);
  }

  /** The same for bytes that are not strictly needed. */
  takeSpare(bytes: number): boolean {
    if (this.#heldBytes + bytes > this.limitBytes) return false;
    this.#heldBytes += bytes;
    return true;
  }

  /**
   * Takes bytes for expected data, from one half of the budget: the other half is for bodies whose model is not known
   * yet.
   */
  takeForLater(bytes: number): boolean {
    return this.#heldBytes + bytes <= this.limitBytes / 2 && this.takeSpare(bytes);
  }

  /** Takes bytes that have arrived already and have no other place. */
  takeAnyway(bytes: number): void {
    this.#heldBytes += bytes;
  }

  giveBack(bytes: number): void {
    this.#heldBytes -= bytes;
    this.#memory.freed(bytes);
  }

  /** @param keeper may be asked to drop its bytes from now on */
  addKeeper(keeper: Keeper): void {
    this.#keepers.add(keeper);
  }

  removeKeeper(keeper: Keeper): void {
    this.#keepers.delete(keeper);
  }
}
