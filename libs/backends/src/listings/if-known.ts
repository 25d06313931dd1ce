/** A field of a listing; no field if the value is unknown. */
export function ifKnown(
  key: string,
  value: string | number | null | undefined,
): Record<string, string | number> {
  return value === null || value === undefined ? {} : { [key]: value };
}
