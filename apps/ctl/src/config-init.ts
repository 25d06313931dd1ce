import { writeFileSync } from 'node:fs';
import { starterConfig } from '@olla/config/init';
import { detectLocalBackends, LOCAL_PORTS } from '@olla/discovery/detect-local';
import { CommandError, EXIT } from './exit-codes.ts';

/** Looks for backends on this machine and writes a first configuration file. @throws CommandError */
export async function initConfig(path: string, force: boolean): Promise<void> {
  const found = await detectLocalBackends();
  try {
    // Exclusive, so that a file made in between is not lost either.
    writeFileSync(path, starterConfig(found), { flag: force ? 'w' : 'wx' });
  } catch (error) {
    throw explain(error as NodeJS.ErrnoException, path);
  }
  for (const { name, type, url, models } of found) {
    const count = models === null ? '' : `, ${models.length} ${models.length === 1 ? 'model' : 'models'}`;
    process.stdout.write(`found ${name} (${type}) at ${url}${count}\n`);
  }
  if (found.length === 0) {
    process.stdout.write(
      `no backend answered on this machine (ports ${LOCAL_PORTS.join(' ')}): name yours in the file\n`,
    );
  }
  process.stdout.write(`wrote ${path}; next: olla serve --config ${path}\n`);
}

function explain(error: NodeJS.ErrnoException, path: string): CommandError {
  if (error.code === 'EEXIST') {
    return new CommandError(
      EXIT.refused,
      'FILE_EXISTS',
      `${path} exists`,
      'Choose another with -o, or replace it with --force.',
      {
        cause: error,
      },
    );
  }
  return new CommandError(
    EXIT.failed,
    'FILE_UNWRITABLE',
    `${path} cannot be written: ${error.message}`,
    undefined,
    {
      cause: error,
    },
  );
}
