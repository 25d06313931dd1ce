import { writeFileSync } from 'node:fs';
import { starterConfig } from '@olla/config/init';
import { detectLocalBackends, LOCAL_PORTS } from '@olla/discovery/detect-local';
import { CommandError } from './command-error.ts';
import { EXIT } from './exit-codes.ts';

/** Writes a configuration file with the backends found on this machine. @throws CommandError */
export async function initConfig(path: string, force: boolean): Promise<void> {
  const found = await detectLocalBackends();
  try {
    // 'wx' fails for an existing file, so that a file written in the meantime is not lost either.
    writeFileSync(path, starterConfig(found), { flag: force ? 'w' : 'wx' });
  } catch (error) {
    throw toWriteError(error, path);
  }
  for (const { name, type, url, models } of found) {
    const count = models === null ? '' : `, ${models.length} ${models.length === 1 ? 'model' : 'models'}`;
    process.stdout.write(`found ${name} (${type}) at ${url}${count}\n`);
  }
  if (found.length === 0) {
    process.stdout.write(
      `no backend was found on this machine (ports ${LOCAL_PORTS.join(' ')}). Add yours to the file\n`,
    );
  }
  process.stdout.write(`wrote ${path}. Next: olla serve --config ${path}\n`);
}

function toWriteError(error: unknown, path: string): CommandError {
  const cause = error instanceof Error ? error : new Error(String(error));
  if ('code' in cause && cause.code === 'EEXIST') {
    const hint = 'Choose another file with -o, or replace it with --force.';
    return new CommandError(EXIT.refused, 'FILE_EXISTS', `${path} exists`, { hint, cause });
  }
  const message = `${path} cannot be written: ${cause.message}`;
  return new CommandError(EXIT.failed, 'FILE_UNWRITABLE', message, { cause });
}
