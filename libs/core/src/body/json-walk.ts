const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN_BRACE = 0x7b;
/** `[` and `{` differ in this bit only, and so do `]` and `}`. */
const BRACKET_BIT = 0x20;
const CLOSE_BRACE = 0x7d;

/** Positions of a field's name and value, quotes included; ends are behind the last byte. */
export interface Field {
  readonly keyStart: number;
  readonly keyEnd: number;
  readonly valueStart: number;
  /** -1 if the bytes end, or are not JSON, within the value. */
  readonly valueEnd: number;
}

/**
 * Visits the fields of the object that starts at `start`, until one makes `visit` return true.
 *
 * @returns the index behind the object; -1 if `visit` ended the walk, the bytes end early, or they are no object
 */
export function walkObject(bytes: Buffer, start: number, visit: (field: Field) => boolean): number {
  if (bytes[start] !== OPEN_BRACE) return -1;
  let at = start;
  do {
    const keyStart = skipSpace(bytes, at + 1);
    if (bytes[keyStart] === CLOSE_BRACE) return keyStart + 1;
    const keyEnd = skipString(bytes, keyStart);
    const colon = keyEnd < 0 ? -1 : skipSpace(bytes, keyEnd);
    if (colon < 0 || bytes[colon] !== COLON) return -1;
    const valueStart = skipSpace(bytes, colon + 1);
    const valueEnd = skipValue(bytes, valueStart);
    if (visit({ keyStart, keyEnd, valueStart, valueEnd }) || valueEnd < 0) return -1;
    at = skipSpace(bytes, valueEnd);
  } while (bytes[at] === COMMA);
  return bytes[at] === CLOSE_BRACE ? at + 1 : -1;
}

/** Whether the bytes between `start` and `end` are `text`, which is ASCII. */
export function spells(bytes: Buffer, start: number, end: number, text: string): boolean {
  return end - start === text.length && bytes.toString('latin1', start, end) === text;
}

export function skipSpace(bytes: Buffer, from: number): number {
  let at = from;
  while (bytes[at] === 0x20 || bytes[at] === 0x0a || bytes[at] === 0x0d || bytes[at] === 0x09) at += 1;
  return at;
}

/** @returns the index behind the value, or -1 if the value is incomplete */
export function skipValue(bytes: Buffer, start: number): number {
  let depth = 0;
  let at = start;
  while (at < bytes.length) {
    const byte = bytes[at] as number;
    if (byte === QUOTE) {
      at = skipString(bytes, at);
      if (at < 0) return -1;
      if (depth === 0) return at;
      continue;
    }
    const isClose = (byte | BRACKET_BIT) === CLOSE_BRACE;
    if (depth === 0 && (byte === COMMA || isClose)) return at;
    at += 1;
    if ((byte | BRACKET_BIT) === OPEN_BRACE) depth += 1;
    else if (isClose) {
      depth -= 1;
      if (depth === 0) return at;
    }
  }
  return -1;
}

/** @returns the index behind the closing quote, or -1 if there is none */
function skipString(bytes: Buffer, start: number): number {
  if (bytes[start] !== QUOTE) return -1;
  let from = start + 1;
  for (;;) {
    const quote = bytes.indexOf(QUOTE, from);
    if (quote < 0) return -1;
    let first = quote;
    while (first > from && bytes[first - 1] === BACKSLASH) first -= 1;
    if (((quote - first) & 1) === 0) return quote + 1;
    from = quote + 1;
  }
}
