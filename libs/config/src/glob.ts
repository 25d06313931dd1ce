/** Which names pass. `include: null` is an absent list, which lets all pass; an empty list is another thing. */
export interface NameFilter {
  readonly include: readonly string[] | null;
  readonly exclude: readonly string[];
}

/**
 * Whether a name passes a filter; null passes all. A name that `exclude` matches never passes. An empty `include`
 * lets nothing pass, unless `exclude` names what is unwanted.
 */
export function matchesFilter(filter: NameFilter | null, name: string): boolean {
  if (filter === null) return true;
  if (filter.exclude.some((pattern) => matchesGlob(pattern, name))) return false;
  if (filter.include === null) return true;
  if (filter.include.length === 0) return filter.exclude.length > 0;
  return filter.include.some((pattern) => matchesGlob(pattern, name));
}

/** Whether a pattern with `*` (any run of characters) and `?` (one character) matches a whole name, in any case. */
export function matchesGlob(pattern: string, name: string): boolean {
  const want = pattern.toLowerCase();
  const have = name.toLowerCase();
  let at = 0;
  let from = 0;
  let star = -1;
  let starAt = 0;
  // Steps back to the last star only, so that no pattern takes more than pattern × name steps.
  while (at < have.length) {
    if (want[from] === '*') {
      star = from++;
      starAt = at;
    } else if (from < want.length && (want[from] === '?' || want[from] === have[at])) {
      from++;
      at++;
    } else if (star >= 0) {
      from = star + 1;
      at = ++starAt;
    } else {
      return false;
    }
  }
  while (want[from] === '*') from++;
  return from === want.length;
}
