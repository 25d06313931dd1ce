import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { needProgram } from '@olla/testing/debian';
import { tempFolder } from '@olla/testing/temp-folder';

/** The root of an image that holds Debian's redis-server and the libraries it is linked to. */
export function makeRedisRoot(): string {
  const program = needProgram('redis-server');
  const root = tempFolder();
  const { stdout, status } = spawnSync('ldd', [program], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`ldd ${program} ended with ${status}`);
  for (const library of stdout.match(/\/[^ )\n]+/g) ?? []) copy(library, join(root, library));
  copy(program, join(root, '/usr/bin/redis-server'));
  mkdirSync(join(root, 'data'));
  return root;
}

function copy(from: string, to: string): void {
  mkdirSync(dirname(to), { recursive: true });
  cpSync(realpathSync(from), to);
}
