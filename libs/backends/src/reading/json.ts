/** Most entries that are read of any list a backend sends. */
export const MAX_LIST = 10_000;
const MAX_TEXT = 512;

/** @returns the value of a JSON text; undefined if it is none */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    // A backend may answer anything; what is not JSON is the same as nothing.
    return undefined;
  }
}

export type JsonRecord = Readonly<Record<string, unknown>>;

const EMPTY: JsonRecord = Object.freeze(Object.create(null) as Record<string, unknown>);

/** @returns the object, or an empty one for anything else */
export function asRecord(value: unknown): JsonRecord {
  return isRecord(value) ? value : EMPTY;
}

export function isRecord(value: unknown): value is JsonRecord {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** @returns the list, cut at MAX_LIST; empty for anything else */
export function asList(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value.slice(0, MAX_LIST) : [];
}

/** @returns the text if it is one that can be shown and stored: not empty, bounded, no control characters */
export function asText(value: unknown): string | null {
  if (typeof value !== 'string' || value === '' || value.length > MAX_TEXT) return null;
  for (let i = 0; i < value.length; i += 1) {
    const code = value.charCodeAt(i);
    if (code < 0x20 || code === 0x7f) return null;
  }
  return value;
}

/** @returns a count: finite and not negative, else null */
export function asCount(value: unknown): number | null {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0 ? value : null;
}

/** @returns a whole number above zero, else null */
export function asPositive(value: unknown): number | null {
  return typeof value === 'number' && Number.isSafeInteger(value) && value > 0 ? value : null;
}

/** @returns the texts of a list, bounded */
export function asTexts(value: unknown): string[] {
  const texts: string[] = [];
  for (const entry of asList(value).slice(0, 64)) {
    const text = asText(entry);
    if (text !== null) texts.push(text);
  }
  return texts;
}

/** @returns epoch milliseconds of an ISO text or of epoch seconds, else null */
export function asTime(value: unknown): number | null {
  if (typeof value === 'string') {
    const ms = Date.parse(value);
    // The zero time of Go's servers is year 1.
    return Number.isFinite(ms) && ms > 0 ? ms : null;
  }
  const seconds = asCount(value);
  return seconds === null || seconds === 0 || seconds > 8_640_000_000_000 ? null : Math.round(seconds * 1000);
}
