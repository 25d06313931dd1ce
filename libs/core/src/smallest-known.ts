/** The smallest of the values that are known; null if none is. */
export function smallestKnown(values: readonly (number | null)[]): number | null {
  let smallest: number | null = null;
  for (const value of values) if (value !== null && (smallest === null || value < smallest)) smallest = value;
  return smallest;
}
