/** Time as limits and paces see it: monotonic, and replaceable in tests. */
export interface Clock {
  /** Milliseconds that never run backwards. */
  nowMs(): number;
  /** Runs `work` once after `delayMs`; does not keep the process alive. @returns cancels it */
  after(delayMs: number, work: () => void): () => void;
  /** Runs `work` every `intervalMs`; does not keep the process alive. @returns ends it */
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
