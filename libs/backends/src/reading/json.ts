import { hasControls } from '@olla/core/control-characters';

/** Entries that are read of one list of a backend, at most. */
export const MAX_LIST = 10_000;
const MAX_TEXT = 512;

/** @returns the value of a JSON text; undefined if it is none */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    // A backend may send anything. What is not JSON counts as nothing.
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

/** @returns the list, cut at MAX_LIST entries; an empty one for anything else */
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
    // Servers written in Go send the year 1 for a time that is not set.
    return Number.isFinite(ms) && ms > 0 ? ms : null;
  }
  const seconds = asCount(value);
  return seconds === null || seconds === 0 || seconds > 8_640_000_000_000 ? null : Math.round(seconds * 1000);
}
