/** Work that runs again and again, never twice at once. */
export interface Repeater {
  /** Runs now, or once more right after the run that is under way. */
  trigger(): void;
  /** When the next run is due; null while one is under way or after the end. */
  nextAt(): number | null;
  /** No run begins after it. */
  stop(): void;
}

/** Delay after a run that failed of itself. */
const AFTER_FAULT_MS = 1_000;

/**
 * @param run returns the milliseconds until the next run
 * @param onFault told of an error that `run` did not expect; the next run comes all the same
 */
export function repeat(
  run: () => Promise<number>,
  onFault: (error: unknown) => void,
  firstDelayMs = 0,
): Repeater {
  let timer: NodeJS.Timeout | null = null;
  let dueAt: number | null = null;
  let running = false;
  let again = false;
  let stopped = false;

  const plan = (delayMs: number): void => {
    if (stopped) return;
    clearTimeout(timer ?? undefined);
    dueAt = Date.now() + delayMs;
    timer = setTimeout(() => void tick(), delayMs);
  };

  const tick = async (): Promise<void> => {
    if (stopped || running) return;
    running = true;
    dueAt = null;
    let delayMs = AFTER_FAULT_MS;
    try {
      delayMs = await run();
    } catch (error) {
      onFault(error);
    }
    running = false;
    const wanted = again;
    again = false;
    plan(wanted ? 0 : delayMs);
  };

  plan(firstDelayMs);
  return {
    trigger: () => {
      if (running) again = true;
      else plan(0);
    },
    nextAt: () => dueAt,
    stop: () => {
      stopped = true;
      dueAt = null;
      clearTimeout(timer ?? undefined);
    },
  };
}
