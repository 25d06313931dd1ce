import { lowerName } from './lower-name.ts';

const MAX_NAMES = 2_048;
const MAX_NAME_LENGTH = 64;

/**
 * Caches the result of a function for each spelling of a header's name. Few spellings occur, so one look-up replaces
 * lower-casing and comparing. The cache is bounded, because clients can send any name.
 *
 * @param of receives the name in lower case
 */
export function memoByName<Result>(of: (lowerName: string) => Result): (name: string) => Result {
  const results = new Map<string, Result>();
  return (name) => {
    const known = results.get(name);
    if (known !== undefined) return known;
    const result = of(lowerName(name));
    if (name.length > MAX_NAME_LENGTH) return result;
    if (results.size >= MAX_NAMES) results.clear();
    results.set(name, result);
    return result;
  };
}
