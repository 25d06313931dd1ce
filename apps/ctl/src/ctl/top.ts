import { CommandError } from '../command-error.ts';
import { EXIT } from '../exit-codes.ts';
import { connect, connectAsAdmin } from './connect.ts';
import type { CtlFlags } from './ctl-flags.ts';
import { outputFormat, useColor } from './print.ts';
import { showStatus } from './status.ts';
import { toCommandError } from './to-command-error.ts';

interface TopFlags extends CtlFlags {
  /** Seconds, unparsed. */
  interval: string;
  ascii?: true;
}

/** A gateway that does not answer is reported within this time. */
const TIMEOUT_MS = 2_000;

/** Runs `olla ctl top`: a live screen in a terminal, else one table or the format of `-o`. */
export async function top(flags: TopFlags): Promise<number> {
  const intervalMs = Number(flags.interval) * 1_000;
  if (!(intervalMs >= 200 && intervalMs <= 3_600_000)) {
    throw new CommandError(
      EXIT.usage,
      'BAD_INTERVAL',
      `--interval must be a number of seconds from 0.2 to 3600, not ${flags.interval}`,
    );
  }
  const live =
    process.stdout.isTTY === true && process.stdin.isTTY === true && outputFormat(flags) === 'table';
  if (!live) return showStatus(flags);
  const client = connect(flags, TIMEOUT_MS);
  try {
    const { runTop } = await import('../top/run-top.ts');
    return await runTop({
      client,
      admin: () => connectAsAdmin(flags),
      intervalMs,
      ascii: flags.ascii === true || process.env['TERM'] === 'linux' || process.env['TERM'] === 'dumb',
      color: useColor(flags),
    });
  } catch (error) {
    throw toCommandError(error);
  } finally {
    client.close();
  }
}
