const UNUSUAL = /\/[/.]|%2e/i;
/** A proxy before the server may decode, the server does, and a framework may do it again. */
const MAX_DECODED = 3;
const DOTS = /(?:^|[/\\])\.\.(?:[/\\;]|$)/;

/**
 * The path in one form for all spellings that servers and proxies read alike, so that checks see what they will read.
 * Consecutive slashes become one, `.` segments are removed, and `%2e` becomes a dot (RFC 3986 §6.2.2). Other escapes
 * and a slash at the end are unchanged.
 *
 * @param path begins with a slash; without query
 */
export function normalizePath(path: string): string {
  if (!UNUSUAL.test(path)) return path;
  return path
    .replace(/%2e/gi, '.')
    .replace(/\/(?:\.?\/)+/g, '/')
    .replace(/\/\.$/, '/');
}

/**
 * The path as the most lenient server reads it: escapes decoded, backslashes as slashes, segments without parameters
 * (`;v=1`), and then normalised. Bytes beyond ASCII stay bytes (latin1), so that one bad escape leaves no other undecoded.
 */
export function decodeLeniently(path: string): string {
  if (!/[%\\;]/.test(path)) return path;
  return normalizePath(
    decodeEscapes(path)
      .replaceAll('\\', '/')
      .replace(/;[^/]*/g, ''),
  );
}

/**
 * Why no server may get the path; null if servers may. A `..` segment may leave an endpoint's base path, and a NUL ends
 * the path early for some servers. Double escapes count too, because a proxy before the server may decode as well. A
 * fragment is not part of a request's target (RFC 9112 §3.2), and some servers cut it off.
 */
export function pathFault(path: string): string | null {
  if (path.includes('#')) return 'a fragment (#)';
  let read = path;
  for (let times = 0; times <= MAX_DECODED; times += 1) {
    if (read.includes('\0')) return 'a NUL';
    if (DOTS.test(read)) return 'a .. segment';
    if (!read.includes('%')) break;
    const decoded = decodeEscapes(read);
    if (decoded === read) break;
    read = decoded;
  }
  return null;
}

/** Works on bytes: a callback for each escape would cost milliseconds for a path that consists of escapes. */
function decodeEscapes(path: string): string {
  const first = path.indexOf('%');
  if (first === -1) return path;
  const bytes = Buffer.from(path, 'latin1');
  let end = first;
  for (let at = first; at < bytes.length; at += 1, end += 1) {
    const byte = bytes[at] as number;
    const high = byte === PERCENT ? hexDigit(bytes[at + 1]) : -1;
    const low = high === -1 ? -1 : hexDigit(bytes[at + 2]);
    bytes[end] = low === -1 ? byte : high * 16 + low;
    if (low !== -1) at += 2;
  }
  return bytes.toString('latin1', 0, end);
}

const PERCENT = 0x25;

/** The value of an ASCII hexadecimal digit; -1 for other bytes. */
function hexDigit(byte = 0): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const letter = byte | 0x20;
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : -1;
}
