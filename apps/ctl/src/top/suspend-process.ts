/** Stops this process as Ctrl+Z does in a shell. Resolves when the shell continues it. */
export function suspendProcess(): Promise<void> {
  return new Promise((resolve) => {
    // The timer keeps the event loop alive. Without it, the process would exit instead of waiting for the signal.
    const alive = setInterval(() => undefined, 1_000);
    process.once('SIGCONT', () => {
      clearInterval(alive);
      resolve();
    });
    process.kill(process.pid, 'SIGSTOP');
  });
}
