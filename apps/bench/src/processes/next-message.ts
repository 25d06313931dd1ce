import type { Child } from '../host/children.ts';

/** A process of the bench itself has exited or does not reply. */
export class BenchProcessFailed extends Error {
  readonly code = 'BENCH_PROCESS_FAILED';
}

export interface NextMessageOptions {
  /** The name of the process, for the error. */
  readonly name: string;
  readonly deadlineMs: number;
}

/** Resolves with the next wanted IPC message. Rejects with BenchProcessFailed on exit or at the deadline. */
export function nextMessage<Message, Wanted extends Message>(
  child: Child,
  isWanted: (message: Message) => message is Wanted,
  { name, deadlineMs }: NextMessageOptions,
): Promise<Wanted> {
  return new Promise((resolve, reject) => {
    const failed = (what: string): BenchProcessFailed =>
      new BenchProcessFailed(`the ${name} process of the bench ${what}; it printed:\n${child.output()}`);
    const timer = setTimeout(
      () => finish(() => reject(failed(`did not reply within ${deadlineMs} ms`))),
      deadlineMs,
    );
    const onMessage = (message: Message): void => {
      if (isWanted(message)) finish(() => resolve(message));
    };
    const onExit = (): void => finish(() => reject(failed('exited')));
    const finish = (complete: () => void): void => {
      clearTimeout(timer);
      child.process.off('message', onMessage);
      child.process.off('exit', onExit);
      complete();
    };
    child.process.on('message', onMessage);
    child.process.on('exit', onExit);
    if (child.exited()) onExit();
  });
}
