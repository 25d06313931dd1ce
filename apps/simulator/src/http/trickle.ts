import type { Writable } from 'node:stream';

/** Lets bytes through at a fixed rate, in pieces every 50 ms or one byte at a time when that is less. */
export interface Trickle {
  write(chunk: string | Buffer): void;
  /** Called when all is through. */
  end(done: () => void): void;
}

const TICK_MS = 50;

export function createTrickle(out: Writable, bytesPerS: number): Trickle {
  const perTick = Math.max(1, Math.floor((bytesPerS * TICK_MS) / 1000));
  const tickMs = Math.max(TICK_MS, 1000 / bytesPerS);
  let held = Buffer.alloc(0);
  let timer: NodeJS.Timeout | undefined;
  let finish: (() => void) | undefined;
  const tick = (): void => {
    timer = undefined;
    if (held.length > 0) {
      out.write(held.subarray(0, perTick));
      held = held.subarray(perTick);
    }
    if (held.length > 0) timer = setTimeout(tick, tickMs);
    else finish?.();
  };
  out.on('close', () => clearTimeout(timer));
  return {
    write(chunk) {
      held = Buffer.concat([held, Buffer.from(chunk)]);
      timer ??= setTimeout(tick, tickMs);
    },
    end(done) {
      finish = done;
      if (held.length === 0 && timer === undefined) done();
    },
  };
}
