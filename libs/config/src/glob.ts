/** Which names pass a filter. `include: null` lets all names pass; an empty `include` lets none pass. */
export interface NameFilter {
  readonly include: readonly string[] | null;
  readonly exclude: readonly string[];
}

/**
 * Whether a name passes a filter. Without a filter (null) all names pass. A name that `exclude` matches never passes. An
 * empty `include` lets no name pass, unless `exclude` has patterns: then all other names pass.
 */
export function matchesFilter(filter: NameFilter | null, name: string): boolean {
  if (filter === null) return true;
  if (filter.exclude.some((pattern) => matchesGlob(pattern, name))) return false;
  if (filter.include === null) return true;
  if (filter.include.length === 0) return filter.exclude.length > 0;
  return filter.include.some((pattern) => matchesGlob(pattern, name));
}

/** Whether the filter may leave a name out. */
export function isRestricting(filter: NameFilter | null): boolean {
  if (filter === null) return false;
  return filter.exclude.length > 0 || filter.include?.includes('*') === false;
}

/** Whether a pattern with `*` (any characters) and `?` (one character) matches a whole name. Case is ignored. */
export function matchesGlob(pattern: string, name: string): boolean {
  const wanted = pattern.toLowerCase();
  const actual = name.toLowerCase();
  let wantedIndex = 0;
  let actualIndex = 0;
  let starIndex = -1;
  let starEnd = 0;
  // Goes back to the last star only. Other than a regular expression, no pattern takes more than pattern × name steps.
  while (actualIndex < actual.length) {
    if (wanted[wantedIndex] === '*') {
      starIndex = wantedIndex++;
      starEnd = actualIndex;
    } else if (
      wantedIndex < wanted.length &&
      (wanted[wantedIndex] === '?' || wanted[wantedIndex] === actual[actualIndex])
    ) {
      wantedIndex++;
      actualIndex++;
    } else if (starIndex >= 0) {
      wantedIndex = starIndex + 1;
      actualIndex = ++starEnd;
    } else {
      return false;
    }
  }
  while (wanted[wantedIndex] === '*') wantedIndex++;
  return wantedIndex === wanted.length;
}
