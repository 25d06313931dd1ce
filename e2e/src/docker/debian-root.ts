import { spawnSync } from 'node:child_process';
import { chmodSync, cpSync, mkdirSync, realpathSync, symlinkSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { tempFolder } from '@olla/testing/temp-folder';

/** The root of an image with these programs of this machine, at their paths, and their shared libraries. */
export function makeDebianRoot(programs: readonly string[]): string {
  const root = tempFolder();
  chmodSync(root, 0o755);
  // As Debian has it: programs and libraries are reachable by their old paths too.
  for (const folder of ['bin', 'lib', 'lib64', 'sbin']) {
    mkdirSync(join(root, 'usr', folder), { recursive: true });
    symlinkSync(join('usr', folder), join(root, folder));
  }
  for (const folder of ['etc', 'root', 'tmp', 'var/tmp']) mkdirSync(join(root, folder), { recursive: true });
  chmodSync(join(root, 'tmp'), 0o1777);
  for (const program of programs) {
    copyInto(root, program);
    for (const library of librariesOf(program)) copyInto(root, library);
  }
  return root;
}

/** Copies a file of this machine, or a folder with its content, to the same path below `root`. */
export function copyInto(root: string, path: string): void {
  // Through the links of the folders: /lib is /usr/lib.
  const place = join(realpathSync(dirname(path)), basename(path));
  mkdirSync(join(root, dirname(place)), { recursive: true });
  cpSync(realpathSync(path), join(root, place), { recursive: true, verbatimSymlinks: true });
}

function librariesOf(program: string): string[] {
  const { stdout, stderr, status } = spawnSync('ldd', [realpathSync(program)], { encoding: 'utf8' });
  if (/not a dynamic executable/.test(stderr + stdout)) return []; // a script
  if (status !== 0) throw new Error(`ldd ${program} ended with ${status}: ${stderr}`);
  return stdout.match(/\/[^ )\n]+/g) ?? [];
}
