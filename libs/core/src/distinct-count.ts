/**
 * The number of different texts that were seen, within a few percent up to some hundred: linear counting over a bitmap
 * of fixed size. Counts of workers can be merged without exchanging the texts.
 */
export type DistinctCount = number[];

const WORDS = 16;
const BITS = WORDS * 32;

export function newDistinctCount(): DistinctCount {
  return new Array<number>(WORDS).fill(0);
}

export function noteDistinct(count: DistinctCount, text: string): void {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i += 1) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  // Addresses often differ in their last digits only: a second mix spreads them over the whole map.
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  const bit = (hash ^ (hash >>> 16)) & (BITS - 1);
  count[bit >>> 5] = (count[bit >>> 5] ?? 0) | (1 << (bit & 31));
}

/** Adds the count of another process. */
export function joinDistinct(into: DistinctCount, from: readonly number[]): void {
  for (let i = 0; i < WORDS; i += 1) into[i] = (into[i] ?? 0) | (from[i] ?? 0);
}

/** The maximum if the bitmap is full. */
export function estimateDistinct(count: readonly number[]): number {
  let free = 0;
  for (const word of count) for (let bit = 0; bit < 32; bit += 1) if (((word >>> bit) & 1) === 0) free += 1;
  return Math.round(BITS * Math.log(BITS / Math.max(free, 1)));
}
