import { spawnSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

/** The first executable of that name on the PATH or in Debian's folders for servers, or null. */
export function findProgram(name: string): string | null {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/usr/local/sbin'];
  for (const folder of folders) {
    const path = join(folder, name);
    try {
      accessSync(path, constants.X_OK);
      return path;
    } catch {
      // It is not in this folder.
    }
  }
  return null;
}

/**
 * Returns the path of a program that tests need. As root it installs a missing program from Debian's packages, with a
 * line on stderr; otherwise it throws an error with the command that does, because tests are never skipped.
 */
export function needProgram(name: string, debianPackage: string = name): string {
  const present = findProgram(name);
  if (present !== null) return present;
  const command = `apt-get update && apt-get install -y --no-install-recommends ${debianPackage}`;
  if (process.getuid?.() !== 0)
    throw new Error(`${name} is not installed; install it with: sudo sh -c '${command}'`);
  process.stderr.write(`installing Debian's package ${debianPackage}, which the tests need for ${name}\n`);
  // A package's own service must not start: tests run their own servers on free ports.
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' };
  const { status, stdout, stderr, error } = spawnSync('sh', ['-c', command], { env, encoding: 'utf8' });
  const installed = findProgram(name);
  if (status !== 0 || installed === null)
    throw new Error(
      `'${command}' did not install ${name}: ${error?.message ?? `${stdout}${stderr}`.slice(-2000)}`,
    );
  return installed;
}
