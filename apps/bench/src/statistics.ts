/** Median and extremes of the rounds. */
export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
  /** Number of rounds that had a value. */
  readonly rounds: number;
}

/** The middle value, or the mean of the two in the middle. Undefined without values. */
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
 * Divides each round's value by the reference of the same round, so that a slow round cancels out, and returns the
 * spread. A round without a value or without a positive reference has no ratio.
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

/** Subtracts the base of the same round from each value, such as the latency of the direct connection. */
export function addedByRound(
  values: readonly (number | undefined)[],
  bases: readonly (number | undefined)[],
): (number | undefined)[] {
  return values.map((value, round) => {
    const base = bases[round];
    return value === undefined || base === undefined ? undefined : value - base;
  });
}
