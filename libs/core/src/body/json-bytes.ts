export const QUOTE = 0x22;
export const BACKSLASH = 0x5c;

/** `model` with each letter written as \u00XX; a longer key is another one. */
export const MAX_KEY_BYTES = 30;

/**
 * How the key between `start` and `end`, without its quotes, spells `model`: exactly, in another letter case, or not.
 */
export function spellingOfModel(bytes: Buffer, start: number, end: number): 'exact' | 'other' | null {
  const length = end - start;
  if (length < 5 || length > MAX_KEY_BYTES) return null;
  if (length > 5) {
    if (!holdsBackslash(bytes, start, end)) return null;
    return spellingOf(decodeString(bytes.subarray(start, end)) ?? '');
  }
  // A letter and its capital differ in this bit only.
  if (((bytes[start] as number) | 0x20) !== 0x6d || ((bytes[end - 1] as number) | 0x20) !== 0x6c) return null;
  return spellingOf(bytes.toString('latin1', start, end));
}

function spellingOf(key: string): 'exact' | 'other' | null {
  if (key === 'model') return 'exact';
  // No letter outside ASCII folds to one of these letters.
  return /^model$/i.test(key) ? 'other' : null;
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
    // JSON has no such escape.
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

/** Index of the first byte that is not part of a literal. */
export function endOfLiteral(bytes: Buffer, from: number): number {
  let end = from;
  while (end < bytes.length && isLiteral(bytes[end] as number)) end += 1;
  return end;
}

export function asBuffer(chunk: Uint8Array): Buffer {
  return Buffer.isBuffer(chunk) ? chunk : Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
}

function isSign(byte: number): boolean {
  return byte === 0x2b || byte === 0x2d || byte === 0x2e;
}
