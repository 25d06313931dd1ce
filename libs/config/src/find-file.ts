import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';

/** The files that are read if none is named: the first that exists, relative to the working directory. */
export const DEFAULT_FILES = [
  'config/config.local.yaml',
  'config/config.yaml',
  'config.yaml',
  'default.yaml',
] as const;

/**
 * Finds the configuration file: the one that the flag names, else the one that OLLA_CONFIG_FILE names, else the first of
 * DEFAULT_FILES that exists.
 *
 * @returns the path as it was named; null if there is none
 */
export function findFile(
  named: string | undefined,
  env: Readonly<Record<string, string | undefined>>,
  cwd: string,
): string | null {
  if (named !== undefined) return named;
  const fromEnv = env['OLLA_CONFIG_FILE'];
  if (fromEnv !== undefined && fromEnv !== '') return fromEnv;
  return DEFAULT_FILES.find((path) => existsSync(resolve(cwd, path))) ?? null;
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  ENOTDIR: 'there is no such file',
  EACCES: 'this user may not read it',
  EPERM: 'this user may not read it',
  EISDIR: 'it is a folder',
};

/** Reads a whole text file, or returns why it cannot be read. */
export function readText(path: string): { text: string } | { reason: string } {
  try {
    return { text: readFileSync(path, 'utf8') };
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
    return { reason: REASONS[code] ?? `reading it fails with ${code}` };
  }
}
