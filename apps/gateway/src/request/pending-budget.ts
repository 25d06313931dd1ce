import { BodyMemory, MUCH_BYTES } from './body-memory.ts';

/** Somebody who holds bytes that can be done without. */
export interface Keeper {
  /** Lets go of all that it keeps only for another attempt, and gives it back to the budget. */
  letGo(): void;
}

/** Bytes of request bodies that a worker holds: one budget for all its requests. */
export class PendingBudget {
  readonly limitBytes: number;
  #heldBytes = 0;
  /** In the order in which they began to keep. */
  readonly #keepers = new Set<Keeper>();
  readonly #memory = new BodyMemory(() => this.#heldBytes);

  constructor(limitBytes: number) {
    this.limitBytes = limitBytes;
  }

  get heldBytes(): number {
    return this.#heldBytes;
  }

  /** So much is held that it matters where. */
  get isMuch(): boolean {
    return this.#heldBytes > MUCH_BYTES;
  }

  /**
   * Takes bytes that a request cannot do without. What others keep for another attempt only makes room for them.
   *
   * @returns false, and nothing is taken, if it would still go over the limit
   */
  take(bytes: number): boolean {
    for (const keeper of this.#keepers) {
      if (this.#heldBytes + bytes <= this.limitBytes) break;
      keeper.letGo();
    }
    return this.takeSpare(bytes);
  }

  /** The same for bytes that a request can do without. */
  takeSpare(bytes: number): boolean {
    if (this.#heldBytes + bytes > this.limitBytes) return false;
    this.#heldBytes += bytes;
    return true;
  }

  /** Takes bytes for what will come, in one half of the budget: the other is for bodies whose model is not known yet. */
  takeForLater(bytes: number): boolean {
    return this.#heldBytes + bytes <= this.limitBytes / 2 && this.takeSpare(bytes);
  }

  /** Takes bytes that are here already and have nowhere else to go. */
  takeAnyway(bytes: number): void {
    this.#heldBytes += bytes;
  }

  giveBack(bytes: number): void {
    this.#heldBytes -= bytes;
    this.#memory.freed(bytes);
  }

  /** @param keeper may be told to let go from now on */
  addKeeper(keeper: Keeper): void {
    this.#keepers.add(keeper);
  }

  removeKeeper(keeper: Keeper): void {
    this.#keepers.delete(keeper);
  }
}
