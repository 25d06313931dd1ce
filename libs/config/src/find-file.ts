import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';

/** Where a configuration file is looked for, in this order, below the working directory. */
export const USUAL_FILES = [
  'config/config.local.yaml',
  'config/config.yaml',
  'config.yaml',
  'default.yaml',
] as const;

/**
 * The configuration file to use: the one named by the flag, else by OLLA_CONFIG_FILE, else the first usual one that
 * exists.
 *
 * @returns the path as it was named, null when there is none
 */
export function findFile(
  named: string | undefined,
  env: Readonly<Record<string, string | undefined>>,
  cwd: string,
): string | null {
  if (named !== undefined) return named;
  const fromEnv = env['OLLA_CONFIG_FILE'];
  if (fromEnv !== undefined && fromEnv !== '') return fromEnv;
  return USUAL_FILES.find((path) => existsSync(resolve(cwd, path))) ?? null;
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  ENOTDIR: 'there is no such file',
  EACCES: 'this user may not read it',
  EPERM: 'this user may not read it',
  EISDIR: 'it is a folder',
};

/** Reads a whole text file, or says in a few words why that is impossible. */
export function readText(path: string): { text: string } | { reason: string } {
  try {
    return { text: readFileSync(path, 'utf8') };
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
    return { reason: REASONS[code] ?? `reading it fails with ${code}` };
  }
}
