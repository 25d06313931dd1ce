/**
 * The first value of a header in a flat list `[name, value, …]`, whose names may have any case.
 *
 * @param lowerName in lower case
 * @returns null if the list does not have it
 */
export function findHeader(flat: readonly string[], lowerName: string): string | null {
  for (let i = 0; i + 1 < flat.length; i += 2) {
    const name = flat[i];
    if (name?.length === lowerName.length && name.toLowerCase() === lowerName) return flat[i + 1] ?? null;
  }
  return null;
}

/** Removes every value of a header from such a list. */
export function dropHeader(flat: string[], lowerName: string): void {
  for (let i = flat.length - 2; i >= 0; i -= 2) {
    const name = flat[i];
    if (name?.length === lowerName.length && name.toLowerCase() === lowerName) flat.splice(i, 2);
  }
}
