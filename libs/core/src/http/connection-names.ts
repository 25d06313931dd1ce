import { lowerName } from './lower-name.ts';

/** Headers of one connection (RFC 9110 §7.6.1), and those that older software sends as such. */
export const HOP_BY_HOP: readonly string[] = [
  'connection',
  'keep-alive',
  'proxy-connection',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-authentication-info',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'http2-settings',
];

/** Lower-cased names that Connection nominates; null for none beside `close` and `keep-alive`, as nearly always. */
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

/** What frames or addresses a message can not be nominated away: a forwarder that drops it desynchronises. */
const PROTECTED: ReadonlySet<string> = new Set([
  'content-length',
  'content-type',
  'host',
  'close',
  'keep-alive',
]);
