/** Middle value, and the extremes that show how far the rounds disagree. */
export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
  /** How many rounds had a value. */
  readonly rounds: number;
}

/** The median of an even count is the mean of the two in the middle. Undefined for no values. */
export function median(values: readonly number[]): number | undefined {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle];
  if (upper === undefined) return undefined;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? upper) + upper) / 2;
}

export function spreadOf(values: readonly (number | undefined)[]): Spread | undefined {
  const present = values.filter((value): value is number => value !== undefined && Number.isFinite(value));
  const middle = median(present);
  if (middle === undefined) return undefined;
  return { median: middle, min: Math.min(...present), max: Math.max(...present), rounds: present.length };
}

/**
 * Each round's value divided by the reference's of the same round, then spread: what the machine does to a whole
 * round cancels out. Rounds in which either is missing, or the reference is not positive, have no ratio.
 */
export function ratiosByRound(
  values: readonly (number | undefined)[],
  references: readonly (number | undefined)[],
): Spread | undefined {
  return spreadOf(
    values.map((value, round) => {
      const reference = references[round];
      return value === undefined || reference === undefined || reference <= 0 ? undefined : value / reference;
    }),
  );
}

/** What each round's value is above the base of the same round (latency over the direct connection). */
export function addedByRound(
  values: readonly (number | undefined)[],
  bases: readonly (number | undefined)[],
): (number | undefined)[] {
  return values.map((value, round) => {
    const base = bases[round];
    return value === undefined || base === undefined ? undefined : value - base;
  });
}
