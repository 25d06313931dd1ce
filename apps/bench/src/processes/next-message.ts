import type { Child } from '../host/children.ts';

export class HelperFailed extends Error {
  readonly code = 'HELPER_FAILED';
}

/** The next IPC message that is wanted. Rejects when the process exits or the deadline passes. */
export function nextMessage<M, W extends M = M>(
  child: Child,
  name: string,
  deadlineMs: number,
  isWanted: ((message: M) => message is W) | ((message: M) => boolean),
): Promise<W> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(
      () => finish(() => reject(failed(`did not answer within ${deadlineMs} ms`))),
      deadlineMs,
    );
    const onMessage = (message: M): void => {
      if (isWanted(message)) finish(() => resolve(message as W));
    };
    const onExit = (): void => finish(() => reject(failed('ended')));
    const failed = (what: string): HelperFailed =>
      new HelperFailed(`the bench's own ${name} process ${what}; it printed:\n${child.output()}`);
    const finish = (settle: () => void): void => {
      clearTimeout(timer);
      child.process.off('message', onMessage);
      child.process.off('exit', onExit);
      settle();
    };
    child.process.on('message', onMessage);
    child.process.on('exit', onExit);
    if (child.exited()) onExit();
  });
}
