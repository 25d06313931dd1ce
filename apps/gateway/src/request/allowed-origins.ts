/** Origins of arbitrary pages; an entry that matches them names no origin. */
const ANY_PAGE = ['https://any.invalid', 'http://any.invalid'];

/** The origins of `server.cors.allowed_origins`. */
export interface AllowedOrigins {
  /** Every origin is allowed, by a `*` alone. */
  readonly any: boolean;
  /** Pages of this origin may call the gateway. */
  allows(origin: string): boolean;
  /** The operator named it, by itself or by a pattern that does not match arbitrary pages. */
  names(origin: string): boolean;
}

/**
 * @param entries origins in any case, with at most one `*` each, which matches any text (as in the original's library,
 *   rs/cors)
 */
export function createAllowedOrigins(entries: readonly string[]): AllowedOrigins {
  const all = entries.map(matcherOf);
  const naming = all.filter((matches) => !ANY_PAGE.some(matches));
  return {
    any: entries.includes('*'),
    allows: (origin) => isMatched(origin, all),
    // Every sandboxed page has the origin `null`.
    names: (origin) => origin !== 'null' && isMatched(origin, naming),
  };
}

/** A serialised origin (RFC 6454 §6.2): scheme, host and perhaps port. Browsers send nothing else. */
const ORIGIN = /^[a-z][a-z\d+.-]*:\/\/(?:\[[\da-f:.]+\]|[^\s/?#@:[\]]+)(?::\d{1,5})?$/;

type Matches = (lowerOrigin: string) => boolean;

function isMatched(origin: string, matchers: readonly Matches[]): boolean {
  const lower = origin.toLowerCase();
  return matchers.some((matches) => matches(lower));
}

function matcherOf(entry: string): Matches {
  const pattern = entry.toLowerCase();
  if (pattern === '*') return () => true;
  const star = pattern.indexOf('*');
  if (star === -1) return (origin) => origin === pattern;
  const start = pattern.slice(0, star);
  const end = pattern.slice(star + 1);
  return (origin) =>
    origin.length >= start.length + end.length &&
    origin.startsWith(start) &&
    origin.endsWith(end) &&
    ORIGIN.test(origin);
}
