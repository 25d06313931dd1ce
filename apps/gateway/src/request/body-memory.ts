import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** Less than that may be held for a while without harm. */
export const MUCH_BYTES = 32 * 1024 * 1024;
const LOOK_MS = 500;
/** Requests whose clients left end one after another. */
const QUIET_LOOKS = 8;

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
 * Has memory collected that was held for bodies and is not any more. V8 collects when more is allocated, so that a worker
 * whose clients have left would keep their bodies until others come.
 */
export class BodyMemory {
  readonly #heldBytes: () => number;
  #freedBytes = 0;
  #quietLooks = 0;
  #timer: NodeJS.Timeout | null = null;

  constructor(heldBytes: () => number) {
    this.#heldBytes = heldBytes;
  }

  freed(bytes: number): void {
    this.#freedBytes += bytes;
    if (this.#freedBytes < MUCH_BYTES || this.#timer !== null) return;
    this.#quietLooks = 0;
    this.#timer = setInterval(() => this.#look(), LOOK_MS).unref();
  }

  #look(): void {
    const isBusy = this.#freedBytes >= MUCH_BYTES;
    this.#freedBytes = 0;
    // While bodies come and go, V8 collects by itself.
    this.#quietLooks = isBusy ? 0 : this.#quietLooks + 1;
    if (isBusy || this.#timer === null) return;
    if (this.#quietLooks >= QUIET_LOOKS) {
      clearInterval(this.#timer);
      this.#timer = null;
    }
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
