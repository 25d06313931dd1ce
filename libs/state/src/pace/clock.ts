/** A monotonic clock that tests can replace. */
export interface Clock {
  /** Monotonic milliseconds. */
  nowMs(): number;
  /** Runs `work` once after `delayMs`; does not keep the process alive. @returns a function that cancels it */
  after(delayMs: number, work: () => void): () => void;
  /** Runs `work` every `intervalMs`; does not keep the process alive. @returns a function that ends it */
  every(intervalMs: number, work: () => void): () => void;
}

export const systemClock: Clock = {
  nowMs: () => performance.now(),
  after(delayMs, work) {
    const timer = setTimeout(work, delayMs);
    timer.unref();
    return () => clearTimeout(timer);
  },
  every(intervalMs, work) {
    const timer = setInterval(work, intervalMs);
    timer.unref();
    return () => clearInterval(timer);
  },
};
