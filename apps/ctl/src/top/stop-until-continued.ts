/** Stops this process as Ctrl+Z does elsewhere; settles when the shell continues it. */
export function stopUntilContinued(): Promise<void> {
  return new Promise((resolve) => {
    // Without a live timer the process would end instead of waiting for the signal.
    const alive = setInterval(() => undefined, 1_000);
    process.once('SIGCONT', () => {
      clearInterval(alive);
      resolve();
    });
    process.kill(process.pid, 'SIGSTOP');
  });
}
