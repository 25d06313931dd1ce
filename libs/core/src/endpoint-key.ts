/**
 * Identity of an endpoint in the shared state: its name, and a hash of its URL and type. Two hosts whose files give one
 * name to different servers do not share its health.
 * @param url base URL as configured
 * @param type as configured, `auto` included
 */
export function endpointKey(name: string, url: string, type: string): string {
  // FNV-1a, 32 bits: names an identity among a few hundred; nothing secret depends on it.
  let hash = 0x811c9dc5;
  for (const char of `${url}\n${type}`) {
    hash ^= char.codePointAt(0) ?? 0;
    hash = Math.imul(hash, 0x01000193);
  }
  return `${name}#${(hash >>> 0).toString(36)}`;
}
