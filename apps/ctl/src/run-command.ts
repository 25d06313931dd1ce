import { CommanderError } from 'commander';
import { CommandError, EXIT } from './exit-codes.ts';
import { createProgram } from './program.ts';

const SHOWN = new Set(['commander.helpDisplayed', 'commander.version']);

/** Runs one command line and ends the process with its exit status. Never prints a stack unless `--debug` is given. */
export async function runCommand(argv: readonly string[]): Promise<never> {
  endQuietlyWhenReaderLeaves(process.stdout);
  endQuietlyWhenReaderLeaves(process.stderr);
  const debug = argv.includes('--debug');
  const outcome = { exitCode: EXIT.ok as number };
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

/** `olla ctl models | head` closes the pipe early, a closed terminal answers EIO: neither is worth a stack trace. */
function endQuietlyWhenReaderLeaves(stream: NodeJS.WriteStream): void {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    process.exit(error.code === 'EPIPE' ? EXIT.ok : EXIT.failed);
  });
}

function report(error: unknown, debug: boolean): number {
  if (error instanceof CommanderError) {
    if (SHOWN.has(error.code)) return EXIT.ok;
    return EXIT.usage; // commander has printed the message itself
  }
  const failure = error instanceof Error ? error : new Error(String(error));
  process.stderr.write(`olla: ${failure.message}\n`);
  if (error instanceof CommandError && error.hint) process.stderr.write(`  ${error.hint}\n`);
  if (debug) process.stderr.write(`${failure.stack ?? ''}\n${failure.cause ? String(failure.cause) : ''}\n`);
  return error instanceof CommandError ? error.exitCode : EXIT.failed;
}
