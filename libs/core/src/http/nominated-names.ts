import { lowerName } from './lower-name.ts';

/** What frames or explains a body cannot be nominated away: a forwarder that drops it desynchronises. */
const PROTECTED: ReadonlySet<string> = new Set(['content-length', 'content-type', 'content-encoding']);

/** Lower-cased names that Connection nominates; null where it says no more than `close` or `keep-alive`, as nearly always. */
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
