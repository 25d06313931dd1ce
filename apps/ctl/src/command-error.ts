import type { ExitCode } from './exit-codes.ts';

export interface CommandErrorOptions extends ErrorOptions {
  /** What to do next: a sentence of its own. */
  readonly hint?: string | undefined;
}

/** Ends a command with one message and an exit status. */
export class CommandError extends Error {
  readonly exitCode: ExitCode;
  readonly code: string;
  readonly hint: string | undefined;

  constructor(exitCode: ExitCode, code: string, message: string, options: CommandErrorOptions = {}) {
    super(message, options);
    this.name = 'CommandError';
    this.exitCode = exitCode;
    this.code = code;
    this.hint = options.hint;
  }
}
