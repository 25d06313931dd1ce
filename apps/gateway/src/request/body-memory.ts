import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** A smaller amount may stay uncollected for a while. */
export const LARGE_BYTES = 32 * 1024 * 1024;
const CHECK_MS = 500;

/**
 * A copy in memory that returns to the system when it is collected. Bodies arrive in memory of malloc, which keeps most
 * of it in the process once hundreds of megabytes of pieces were held. A resizable buffer is mapped separately.
 */
export function copyOf(piece: Buffer): Buffer {
  const copy = Buffer.from(new ArrayBuffer(piece.length, { maxByteLength: piece.length }));
  piece.copy(copy);
  return copy;
}

/**
 * Collects the memory of bodies once much of it was freed and little more is being freed. V8 collects when more is
 * allocated, so a worker whose clients have left would keep their bodies until other requests arrive.
 */
export class BodyMemory {
  readonly #heldBytes: () => number;
  /** Since the last collection, and until the last check. */
  #freedBytes = 0;
  #seenBytes = 0;
  #timer: NodeJS.Timeout | null = null;

  /** @param heldBytes returns the bytes that are held for bodies now */
  constructor(heldBytes: () => number) {
    this.#heldBytes = heldBytes;
  }

  freed(bytes: number): void {
    this.#freedBytes += bytes;
    if (this.#freedBytes < LARGE_BYTES || this.#timer !== null) return;
    this.#timer = setInterval(() => this.#check(), CHECK_MS).unref();
  }

  #check(): void {
    const isBusy = this.#freedBytes - this.#seenBytes >= LARGE_BYTES;
    this.#seenBytes = this.#freedBytes;
    // While bodies arrive and end, V8 collects by itself.
    if (isBusy || this.#timer === null) return;
    clearInterval(this.#timer);
    this.#timer = null;
    this.#freedBytes = 0;
    this.#seenBytes = 0;
    if (process.memoryUsage().arrayBuffers - this.#heldBytes() > LARGE_BYTES) collect();
  }
}

/** Made when needed: most workers never need it. */
let collectGarbage: (() => unknown) | null = null;

function collect(): void {
  if (collectGarbage === null) {
    setFlagsFromString('--expose-gc');
    const made: unknown = runInNewContext('gc');
    collectGarbage = typeof made === 'function' ? () => Reflect.apply(made, undefined, []) : () => undefined;
  }
  collectGarbage();
}
