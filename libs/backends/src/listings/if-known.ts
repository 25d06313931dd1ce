/** A field of a listing; no field where the value is not known. */
export function ifKnown(
  key: string,
  value: string | number | null | undefined,
): Record<string, string | number> {
  return value === null || value === undefined ? {} : { [key]: value };
}
