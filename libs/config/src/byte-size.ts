const EXPONENT: Readonly<Record<string, number>> = { '': 0, k: 1, m: 2, g: 3, t: 4, p: 5 };

/**
 * Parses a size: `1024`, `1KB`, `50MB`, `1.5 GiB`. All units are binary: 1 KB is 1024 bytes.
 *
 * @returns whole bytes; null if the text is not a size
 */
export function parseByteSize(text: string): number | null {
  const match = /^(\d+(?:\.\d+)?) ?([kmgtp]?)(?:i?b)?$/i.exec(text.trim().replace(/(?<=\d)_(?=\d)/g, ''));
  if (match === null) return null;
  const bytes = Math.round(Number(match[1]) * 1024 ** (EXPONENT[(match[2] ?? '').toLowerCase()] ?? 0));
  return Number.isSafeInteger(bytes) ? bytes : null;
}
