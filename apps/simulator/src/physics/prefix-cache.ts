import { hashText } from './random.ts';

/** A token of text is taken as 4 characters. */
export const CHARS_PER_TOKEN = 4;
const BLOCK_TOKENS = 32;
const BLOCK_CHARS = BLOCK_TOKENS * CHARS_PER_TOKEN;

export function countTokens(text: string): number {
  return Math.max(1, Math.ceil(text.length / CHARS_PER_TOKEN));
}

/** Which prefixes a server still holds the attention state of. */
export interface PrefixCache {
  /** Tokens at the start of `text` that need no prefill. */
  cachedTokens(text: string): number;
  remember(text: string): void;
  clear(): void;
}

/**
 * A chain of hashes over blocks of 32 tokens, least recently used first out.
 * A chain is touched tail first, so that under pressure tails go before the heads they hang on.
 */
export function createPrefixCache(capacityTokens: number): PrefixCache {
  const capacityBlocks = Math.floor(capacityTokens / BLOCK_TOKENS);
  const blocks = new Set<number>();

  const chainOf = (text: string): number[] => {
    const chain: number[] = [];
    let hash: number | undefined;
    for (let at = 0; at + BLOCK_CHARS <= text.length; at += BLOCK_CHARS) {
      hash = hashText(text.slice(at, at + BLOCK_CHARS), hash);
      chain.push(hash);
    }
    return chain;
  };

  return {
    cachedTokens(text) {
      let found = 0;
      for (const hash of chainOf(text)) {
        if (!blocks.has(hash)) break;
        found++;
      }
      return found * BLOCK_TOKENS;
    },
    remember(text) {
      const chain = chainOf(text);
      for (let at = Math.min(chain.length, capacityBlocks) - 1; at >= 0; at--) {
        const hash = chain[at] as number;
        blocks.delete(hash);
        blocks.add(hash);
      }
      for (const oldest of blocks) {
        if (blocks.size <= capacityBlocks) break;
        blocks.delete(oldest);
      }
    },
    clear: () => blocks.clear(),
  };
}
