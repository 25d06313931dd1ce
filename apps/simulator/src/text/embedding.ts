import { createRandom, hashText } from '../engine/random.ts';

/** A random unit vector of 32-bit floats, the same for the same text. */
export function drawEmbedding(text: string, dimensions: number): number[] {
  const random = createRandom(hashText(text));
  const vector = Array.from({ length: dimensions }, () => random() * 2 - 1);
  const norm = Math.hypot(...vector) || 1;
  return vector.map((value) => Math.fround(value / norm));
}

/** Little-endian 32-bit floats in base64, the format of OpenAI's `encoding_format: base64`. */
export function toBase64(vector: readonly number[]): string {
  return Buffer.from(new Float32Array(vector).buffer).toString('base64');
}

/** The number with the fewest digits that gives the same 32-bit float, as Go's encoder prints it. */
export function shortestFloat(value: number): number {
  for (let digits = 6; digits < 10; digits++) {
    const short = Number(value.toPrecision(digits));
    if (Math.fround(short) === value) return short;
  }
  return value;
}

/** The texts in the `input` or `prompt` of an embedding request. A list of tokens counts as one text. */
export function embeddingInputs(input: unknown): string[] {
  if (typeof input === 'string') return [input];
  if (!Array.isArray(input)) return [];
  if (input.every((entry) => typeof entry === 'number')) return [input.join(' ')];
  return input.map((entry: unknown) => (typeof entry === 'string' ? entry : JSON.stringify(entry)));
}
