const UNUSUAL = /\/[/.]|%2e/i;
/** More would cost much for a path of nothing but escaped escapes. */
const MAX_DECODED = 3;

/**
 * The path with what servers and proxies read alike written one way, so that it is judged as they will read it: slashes
 * that follow each other are one, `.` segments are left out, and `%2e` is a dot (RFC 3986 §6.2.2). Other escapes and a slash
 * at the end stay.
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
 * Why no server may get the path, or null: one with a `..` segment may leave an endpoint's base path, and a NUL ends the
 * path early for some servers. Escapes of escapes count too, because a proxy before the server may decode as well. A fragment is
 * no part of a request's target (RFC 9112 §3.2): some servers cut it off.
 */
export function pathFault(path: string): string | null {
  if (path.includes('#')) return 'a fragment (#)';
  let read = path;
  for (let decoded = 0; decoded <= MAX_DECODED; decoded += 1) {
    if (read.includes('\0')) return 'a NUL';
    if (/(?:^|[/\\])\.\.(?:[/\\;]|$)/.test(read)) return 'a .. segment';
    if (!read.includes('%')) break;
    read = decodeEscapes(read);
  }
  return null;
}

function decodeEscapes(path: string): string {
  if (!path.includes('%')) return path;
  return path.replace(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(parseInt(hex, 16)));
}
