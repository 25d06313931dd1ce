export const QUOTE = 0x22;
export const BACKSLASH = 0x5c;

/** `model` with each letter written as \u00XX; a longer key is another one. */
export const MAX_KEY_BYTES = 30;

/** Whether the key between `start` and `end`, its quotes left out, is `model`. */
export function spellsModel(bytes: Buffer, start: number, end: number): boolean {
  const length = end - start;
  if (length < 5 || length > MAX_KEY_BYTES) return false;
  if (length > 5)
    return holdsBackslash(bytes, start, end) && decodeString(bytes.subarray(start, end)) === 'model';
  return (
    bytes[start] === 0x6d &&
    bytes[start + 1] === 0x6f &&
    bytes[start + 2] === 0x64 &&
    bytes[start + 3] === 0x65 &&
    bytes[start + 4] === 0x6c
  );
}

function holdsBackslash(bytes: Buffer, start: number, end: number): boolean {
  for (let at = start; at < end; at += 1) if (bytes[at] === BACKSLASH) return true;
  return false;
}

/** The text of a short string token without its quotes, or null if JSON does not allow it. */
export function decodeString(token: Buffer): string | null {
  let plain = true;
  for (let at = 0; at < token.length; at += 1) {
    const byte = token[at] as number;
    if (byte < 0x20) return null;
    if (byte === BACKSLASH) plain = false;
  }
  const text = token.toString('utf8');
  if (plain) return text;
  try {
    const value: unknown = JSON.parse(`"${text}"`);
    return typeof value === 'string' ? value : null;
  } catch {
    // An escape that JSON does not have.
    return null;
  }
}

export function isSpace(byte: number): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;
}

/** Bytes of numbers, `true`, `false` and `null`. */
export function isLiteral(byte: number): boolean {
  return (byte >= 0x30 && byte <= 0x39) || ((byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x7a) || isSign(byte);
}

function isSign(byte: number): boolean {
  return byte === 0x2b || byte === 0x2d || byte === 0x2e;
}
