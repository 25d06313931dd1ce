import { hasControls } from '@olla/core/control-characters';

/** Maximum entries that are read of one list of a backend. */
export const MAX_LIST = 10_000;
const MAX_TEXT = 512;

/** @returns the value of a JSON text; undefined if it is no JSON */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    // A backend may send any text. Invalid JSON is ignored.
    return undefined;
  }
}

export type JsonRecord = Readonly<Record<string, unknown>>;

const EMPTY: JsonRecord = Object.freeze(Object.create(null) as Record<string, unknown>);

/** @returns the object; an empty one for other values */
export function asRecord(value: unknown): JsonRecord {
  return isRecord(value) ? value : EMPTY;
}

export function isRecord(value: unknown): value is JsonRecord {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** @returns the list, cut at MAX_LIST entries; an empty one for other values */
export function asList(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value.slice(0, MAX_LIST) : [];
}

/** @returns the text if it can be shown and stored: not empty, bounded, without control characters; else null */
export function asText(value: unknown): string | null {
  if (typeof value !== 'string' || value === '' || value.length > MAX_TEXT) return null;
  return hasControls(value) ? null : value;
}

/** @returns a count: finite and not negative, else null */
export function asCount(value: unknown): number | null {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0 ? value : null;
}

/** @returns a whole number above zero, else null */
export function asPositive(value: unknown): number | null {
  return typeof value === 'number' && Number.isSafeInteger(value) && value > 0 ? value : null;
}

/** @returns the texts of a list, at most 64 */
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
    // Servers written in Go send the year 1 for an unset time.
    return Number.isFinite(ms) && ms > 0 ? ms : null;
  }
  const seconds = asCount(value);
  return seconds === null || seconds === 0 || seconds > 8_640_000_000_000 ? null : Math.round(seconds * 1000);
}
