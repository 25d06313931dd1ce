import { CHARS_PER_TOKEN } from '../text/count-tokens.ts';
import { hashText } from './random.ts';

const BLOCK_TOKENS = 32;
const BLOCK_CHARS = BLOCK_TOKENS * CHARS_PER_TOKEN;

/** Remembers the prompt prefixes whose KV cache a server still holds. */
export interface PrefixCache {
  /** Tokens at the start of `text` that need no prefill. */
  cachedTokens(text: string): number;
  remember(text: string): void;
  clear(): void;
}

/**
 * Keeps one hash for each block of 32 tokens, chained to the hash of the block before it, and evicts the least
 * recently used block first. A block counts only behind its predecessors, so a text's blocks are touched last to
 * first: the end of a text is evicted before its start.
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
      for (const hash of chainOf(text).slice(0, capacityBlocks).reverse()) {
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
