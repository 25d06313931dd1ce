/** Returns numbers in [0, 1), the same sequence for the same seed. */
export type Random = () => number;

/** The mulberry32 generator: small, fast, and good enough to choose words and lengths. */
export function createRandom(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** FNV-1a over UTF-16 code units, continued from the hash `from`. */
export function hashText(text: string, from = 0x811c9dc5): number {
  let hash = from;
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  return hash >>> 0;
}

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';

/** A random id of letters and digits. */
export function randomId(random: Random, length: number, alphabet = ALPHABET): string {
  let id = '';
  for (let at = 0; at < length; at++) id += alphabet[Math.floor(random() * alphabet.length)];
  return id;
}

export const HEX = '0123456789abcdef';
