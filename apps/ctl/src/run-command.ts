import { CommanderError } from 'commander';
import { escapeControlsInLines } from '@olla/core/control-characters';
import { CommandError } from './command-error.ts';
import { EXIT, type Outcome } from './exit-codes.ts';
import { createProgram } from './program.ts';

/** Codes of commander for a text that was requested. */
const REQUESTED_TEXTS = new Set(['commander.helpDisplayed', 'commander.version']);

/** Runs one command line and exits with its status. A stack is printed only with `--debug`. */
export async function runCommand(argv: readonly string[]): Promise<never> {
  exitOnWriteError(process.stdout);
  exitOnWriteError(process.stderr);
  const debug = argv.includes('--debug');
  const outcome: Outcome = { exitCode: EXIT.ok };
  try {
    await createProgram(outcome).parseAsync(
      argv.filter((word) => word !== '--debug'),
      { from: 'user' },
    );
  } catch (error) {
    outcome.exitCode = report(error, debug);
  }
  process.exit(outcome.exitCode);
}

/** Exits without a message: `olla ctl models | head` closes the pipe (EPIPE), a closed terminal gives EIO. */
function exitOnWriteError(stream: NodeJS.WriteStream): void {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    process.exit(error.code === 'EPIPE' ? EXIT.ok : EXIT.failed);
  });
}

function report(error: unknown, debug: boolean): number {
  if (error instanceof CommanderError) {
    if (REQUESTED_TEXTS.has(error.code)) return EXIT.ok;
    return EXIT.usage; // commander has printed the message itself
  }
  const failure = error instanceof Error ? error : new Error(String(error));
  process.stderr.write(`olla: ${escapeControlsInLines(failure.message)}\n`);
  if (error instanceof CommandError && error.hint) process.stderr.write(`  ${error.hint}\n`);
  if (debug) process.stderr.write(`${failure.stack ?? ''}\n${failure.cause ? String(failure.cause) : ''}\n`);
  return error instanceof CommandError ? error.exitCode : EXIT.failed;
}
