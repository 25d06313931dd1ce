const MAX_NAMES = 2_048;
const MAX_NAME_LENGTH = 64;
const names = new Map<string, string>();

/** A header's name in lower case. Few spellings occur, so each is converted once. */
export function lowerName(name: string): string {
  const known = names.get(name);
  if (known !== undefined) return known;
  const lower = name.toLowerCase();
  if (name.length > MAX_NAME_LENGTH) return lower;
  if (names.size >= MAX_NAMES) names.clear();
  names.set(name, lower);
  return lower;
}
