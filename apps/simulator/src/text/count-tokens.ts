/** One token stands for 4 characters, the usual estimate for English text. */
export const CHARS_PER_TOKEN = 4;

export function countTokens(text: string): number {
  return Math.max(1, Math.ceil(text.length / CHARS_PER_TOKEN));
}

/** Cuts a text into the pieces that count as one token each. */
export function splitIntoPieces(text: string): string[] {
  return text.match(/[\s\S]{1,4}/g) ?? [];
}
