import { lowerName } from './lower-name.ts';

/** Connection must not remove what frames or describes the body: without it the backend reads the body wrongly. */
const PROTECTED: ReadonlySet<string> = new Set(['content-length', 'content-type', 'content-encoding']);

/**
 * The names that Connection lists (RFC 9110 §7.6.1), in lower case; null where it has only `close` or `keep-alive`, as
 * nearly always.
 */
export function nominatedNames(rawHeaders: readonly string[]): ReadonlySet<string> | null {
  let names: Set<string> | null = null;
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    if (lowerName(rawHeaders[i] as string) !== 'connection') continue;
    const value = rawHeaders[i + 1] as string;
    if (value === 'keep-alive' || value === 'close') continue;
    for (const part of value.split(',')) {
      const name = part.trim().toLowerCase();
      if (name !== '' && !PROTECTED.has(name)) (names ??= new Set()).add(name);
    }
  }
  return names;
}
