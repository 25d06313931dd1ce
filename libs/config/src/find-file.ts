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

/** Reads a whole text file in UTF-8 or UTF-16, or returns why it cannot be read. */
export function readText(path: string): { text: string } | { reason: string } {
  try {
    return { text: decodeText(readFileSync(path)) };
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
    return { reason: REASONS[code] ?? `reading it fails with ${code}` };
  }
}

/**
 * Decodes text by its byte order mark, which is left out. YAML's text begins with an ASCII character, so without a mark
 * a zero byte at the start means UTF-16 (YAML 1.2.2, section 5.2). PowerShell 5 writes UTF-16 with `>`.
 */
export function decodeText(bytes: Uint8Array): string {
  const [first, second] = bytes;
  if ((first === 0xff && second === 0xfe) || (first !== 0 && second === 0)) return decode('utf-16le', bytes);
  if ((first === 0xfe && second === 0xff) || (first === 0 && second !== undefined && second !== 0))
    return decode('utf-16be', bytes);
  return decode('utf-8', bytes);
}

function decode(encoding: string, bytes: Uint8Array): string {
  return new TextDecoder(encoding).decode(bytes);
}
