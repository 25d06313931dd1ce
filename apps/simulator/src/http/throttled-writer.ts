import type { Writable } from 'node:stream';

/** Writes bytes at a fixed rate: a piece every 50 ms, or one byte at a time when the rate is below that. */
export interface ThrottledWriter {
  write(chunk: string | Buffer): void;
  /** Calls `done` when all bytes are written. */
  end(done: () => void): void;
}

const TICK_MS = 50;

export function createThrottledWriter(out: Writable, bytesPerS: number): ThrottledWriter {
  const bytesPerTick = Math.max(1, Math.floor((bytesPerS * TICK_MS) / 1000));
  const tickMs = Math.max(TICK_MS, 1000 / bytesPerS);
  let pending = Buffer.alloc(0);
  let timer: NodeJS.Timeout | undefined;
  let finish: (() => void) | undefined;
  const tick = (): void => {
    timer = undefined;
    if (pending.length > 0) {
      out.write(pending.subarray(0, bytesPerTick));
      pending = pending.subarray(bytesPerTick);
    }
    if (pending.length > 0) timer = setTimeout(tick, tickMs);
    else finish?.();
  };
  out.on('close', () => clearTimeout(timer));
  return {
    write(chunk) {
      pending = Buffer.concat([pending, Buffer.from(chunk)]);
      timer ??= setTimeout(tick, tickMs);
    },
    end(done) {
      finish = done;
      if (pending.length === 0 && timer === undefined) done();
    },
  };
}
