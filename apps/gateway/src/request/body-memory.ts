import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** Less than that may be held for a while without harm. */
export const MUCH_BYTES = 32 * 1024 * 1024;
const LOOK_MS = 500;

/**
 * A copy in memory that goes back to the system when it is collected. Bodies come in memory of malloc, which keeps most of
 * it for the process once hundreds of megabytes of pieces were held; a buffer that can be resized is mapped by itself.
 */
export function copyOf(piece: Buffer): Buffer {
  const copy = Buffer.from(new ArrayBuffer(piece.length, { maxByteLength: piece.length }));
  piece.copy(copy);
  return copy;
}

/**
 * Collects the memory of bodies once much of it was given up and little more is being given up. V8 itself collects when
 * more is allocated, so that a worker whose clients have left would keep their bodies until other requests come.
 */
export class BodyMemory {
  readonly #heldBytes: () => number;
  /** Since the last collection, and until the last look. */
  #freedBytes = 0;
  #seenBytes = 0;
  #timer: NodeJS.Timeout | null = null;

  /** @param heldBytes what is held for bodies at the moment */
  constructor(heldBytes: () => number) {
    this.#heldBytes = heldBytes;
  }

  freed(bytes: number): void {
    this.#freedBytes += bytes;
    if (this.#freedBytes < MUCH_BYTES || this.#timer !== null) return;
    this.#timer = setInterval(() => this.#look(), LOOK_MS).unref();
  }

  #look(): void {
    const isBusy = this.#freedBytes - this.#seenBytes >= MUCH_BYTES;
    this.#seenBytes = this.#freedBytes;
    // While bodies come and go, V8 collects by itself.
    if (isBusy || this.#timer === null) return;
    clearInterval(this.#timer);
    this.#timer = null;
    this.#freedBytes = 0;
    this.#seenBytes = 0;
    if (process.memoryUsage().arrayBuffers - this.#heldBytes() > MUCH_BYTES) collect();
  }
}

/** Made when it is needed: most workers never do. */
let collectGarbage: (() => unknown) | null = null;

function collect(): void {
  if (collectGarbage === null) {
    setFlagsFromString('--expose-gc');
    const made: unknown = runInNewContext('gc');
    collectGarbage = typeof made === 'function' ? () => Reflect.apply(made, undefined, []) : () => undefined;
  }
  collectGarbage();
}
