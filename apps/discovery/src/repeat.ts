/** A task that runs again and again, never twice at once. */
export interface Repeater {
  /** Runs the task now. If it is running, it runs once more right after. */
  trigger(): void;
  /** When the next run is due, in epoch milliseconds; null during a run and after `stop`. */
  nextAt(): number | null;
  /** Starts no further run. A run under way continues. */
  stop(): void;
}

/** Delay after a run that rejected. */
const AFTER_ERROR_MS = 1_000;

/**
 * Runs a task again and again until it is stopped.
 *
 * @param run resolves with the milliseconds until the next run
 * @param onError gets the error of a run that rejected; the next run follows all the same
 */
export function repeat(
  run: () => Promise<number>,
  onError: (error: unknown) => void,
  firstDelayMs = 0,
): Repeater {
  let timer: NodeJS.Timeout | null = null;
  let dueAt: number | null = null;
  let isRunning = false;
  let isTriggered = false;
  let isStopped = false;

  const schedule = (delayMs: number): void => {
    if (isStopped) return;
    clearTimeout(timer ?? undefined);
    dueAt = Date.now() + delayMs;
    timer = setTimeout(() => void runOnce(), delayMs);
  };

  const runOnce = async (): Promise<void> => {
    if (isStopped || isRunning) return;
    isRunning = true;
    dueAt = null;
    let delayMs = AFTER_ERROR_MS;
    try {
      delayMs = await run();
    } catch (error) {
      onError(error);
    }
    isRunning = false;
    const runAgain = isTriggered;
    isTriggered = false;
    schedule(runAgain ? 0 : delayMs);
  };

  schedule(firstDelayMs);
  return {
    trigger: () => {
      if (isRunning) isTriggered = true;
      else schedule(0);
    },
    nextAt: () => dueAt,
    stop: () => {
      isStopped = true;
      dueAt = null;
      clearTimeout(timer ?? undefined);
    },
  };
}
