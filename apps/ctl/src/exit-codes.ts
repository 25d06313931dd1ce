/** What the exit status of every `olla` command means; shown in its help. */
export const EXIT = {
  ok: 0,
  failed: 1,
  usage: 2,
  auth: 3,
  notFound: 4,
  refused: 5,
  unreachable: 6,
  degraded: 7,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** Where an action leaves the exit status of a command that did not fail, such as 7 of `status --check`. */
export interface Outcome {
  exitCode: number;
}

/** Ends a command with one message and an exit status. `hint` is the next thing to do, a sentence of its own. */
export class CommandError extends Error {
  readonly exitCode: ExitCode;
  readonly code: string;
  readonly hint: string | undefined;

  constructor(exitCode: ExitCode, code: string, message: string, hint?: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'CommandError';
    this.exitCode = exitCode;
    this.code = code;
    this.hint = hint;
  }
}
