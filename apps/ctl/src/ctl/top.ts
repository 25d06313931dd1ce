import { CommandError, EXIT } from '../exit-codes.ts';
import { connect, connectAsAdmin } from './connect.ts';
import type { CtlFlags } from './ctl-flags.ts';
import { explainFailure } from './failures.ts';
import { outputFormat, useColor } from './print.ts';
import { showStatus } from './status.ts';

interface TopFlags extends CtlFlags {
  /** Seconds, as typed. */
  interval: string;
  ascii?: true;
}

/** A gateway that is away is told of within this time, at the start and later. */
const TIMEOUT_MS = 2_000;

/** `olla ctl top`: live in a terminal; elsewhere one plain table, or what `-o` asks for. */
export async function top(flags: TopFlags): Promise<number> {
  const intervalMs = Number(flags.interval) * 1_000;
  if (!(intervalMs >= 200 && intervalMs <= 3_600_000)) {
    throw new CommandError(
      EXIT.usage,
      'BAD_INTERVAL',
      `--interval is no number of seconds from 0.2: ${flags.interval}`,
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
    throw explainFailure(error);
  } finally {
    client.close();
  }
}
