import { sizesAgree } from './model-size.ts';

/** The parts of a full name that a short name of a model library leaves out. */
export interface Implied {
  readonly tokens: readonly string[];
  readonly size: string | null;
}

interface Rule {
  /** Words of the short name with family and version: `llama 3.1`. */
  readonly words: string;
  /** Sizes to which the rule applies; absent: any size. */
  readonly sizes?: readonly string[];
  /** Words that the full name has in addition. */
  readonly add: string;
  /** Size of the tag `latest`; used only if the server reports a size that agrees. */
  readonly latest?: string;
  /** Size in the full name, where the library shortens it. */
  readonly size?: string;
}

/**
 * Short names of Ollama's library, which Docker and LM Studio use too, and the additional words in the makers' names of
 * the same weights. Tags that were moved from one model to another are left out.
 */
const LIBRARY: readonly Rule[] = [
  { words: 'llama 2', add: 'chat', latest: '7b' },
  { words: 'llama 3', add: 'instruct', latest: '8b' },
  { words: 'llama 3.1', add: 'instruct', latest: '8b' },
  { words: 'llama 3.2', add: 'instruct', latest: '3b' },
  { words: 'llama 3.2 vision', add: 'instruct', latest: '11b' },
  { words: 'llama 3.3', add: 'instruct', latest: '70b' },
  { words: 'codellama', add: 'instruct', latest: '7b' },
  { words: 'tinyllama', add: 'chat 1', latest: '1.1b' },
  { words: 'qwen 2', add: 'instruct', latest: '7b' },
  { words: 'qwen 2.5', add: 'instruct', latest: '7b' },
  { words: 'qwen 2.5 coder', add: 'instruct', latest: '7b' },
  { words: 'qwen 2.5 vl', add: 'instruct', latest: '7b' },
  { words: 'qwen 3', add: '', sizes: ['0.6b', '1.7b', '8b', '14b', '32b'], latest: '8b' },
  { words: 'qwen 3 coder', add: 'instruct', sizes: ['30b'], size: '30b-a3b' },
  { words: 'qwen 3 embedding', add: '' },
  { words: 'qwq', add: '', latest: '32b' },
  { words: 'gemma', add: 'instruct', latest: '7b' },
  { words: 'gemma 2', add: 'instruct', latest: '9b' },
  { words: 'gemma 3', add: 'instruct', latest: '4b' },
  { words: 'gemma 3n', add: 'instruct' },
  { words: 'mixtral', add: 'instruct 0.1', sizes: ['8x7b', '8x22b'] },
  { words: 'mistral nemo', add: 'instruct 2407', latest: '12b' },
  { words: 'mistral small', add: 'instruct 2501', sizes: ['24b'] },
  { words: 'mistral small 3.1', add: 'instruct 2503', latest: '24b' },
  { words: 'mistral small 3.2', add: 'instruct 2506', latest: '24b' },
  { words: 'codestral', add: '0.1', latest: '22b' },
  { words: 'phi 3.5', add: 'mini instruct', sizes: ['3.8b'], latest: '3.8b' },
  { words: 'phi 4', add: '', latest: '14b' },
  { words: 'phi 4 mini', add: 'instruct', latest: '3.8b' },
  { words: 'phi 4 reasoning', add: '', latest: '14b' },
  { words: 'deepseek r1', add: 'distill qwen', sizes: ['1.5b', '7b', '14b', '32b'] },
  { words: 'deepseek r1', add: 'distill llama', sizes: ['70b'] },
  { words: 'deepseek coder 2', add: 'lite instruct', sizes: ['16b'] },
  { words: 'gpt oss', add: '', latest: '20b' },
  { words: 'granite 3.1 dense', add: 'instruct' },
  { words: 'granite 3.2', add: 'instruct', latest: '8b' },
  { words: 'granite 3.3', add: 'instruct', latest: '8b' },
  { words: 'smollm 2', add: 'instruct', latest: '1.7b' },
  { words: 'nomic embed text', add: '1.5' },
  { words: 'nomic embed text 1.5', add: '' },
  { words: 'mxbai embed large', add: '1' },
  { words: 'bge m3', add: '' },
];

/** Models whose full name has no size. */
const SIZES: readonly (readonly [words: string, size: string])[] = [
  ['mistral nemo', '12b'],
  ['mistral small 3.1', '24b'],
  ['mistral small 3.2', '24b'],
  ['phi 4 mini', '3.8b'],
  ['phi 4', '14b'],
  ['phi 4 reasoning', '14b'],
  ['phi 4 mini instruct', '3.8b'],
  ['phi 3.5 mini instruct', '3.8b'],
  ['mistral nemo instruct 2407', '12b'],
  ['mistral small 3.1 instruct 2503', '24b'],
  ['mistral small 3.2 instruct 2506', '24b'],
  ['deepseek coder 2 lite instruct', '16b'],
];

const BY_WORDS = new Map<string, Rule[]>();
for (const rule of LIBRARY) BY_WORDS.set(rule.words, [...(BY_WORDS.get(rule.words) ?? []), rule]);
const SIZE_BY_WORDS = new Map(SIZES);

/**
 * Completes a short name of a library.
 *
 * @param words of the name without size and quantisation
 * @param reported the size that the server reports
 * @returns null if the name may mean more than one model
 */
export function expandLibraryName(
  words: readonly string[],
  size: string | null,
  reported: string | null,
): Implied | null {
  for (const rule of BY_WORDS.get(words.join(' ')) ?? []) {
    const tokens = rule.add === '' ? [] : rule.add.split(' ');
    if (size === null && rule.latest !== undefined) {
      return sizesAgree(rule.latest, reported) ? { tokens, size: rule.latest } : null;
    }
    if (rule.sizes !== undefined && (size === null || !rule.sizes.includes(size))) continue;
    return { tokens, size: rule.size ?? size };
  }
  return null;
}

/** The size of a model whose full name has none; null for all others. */
export function impliedSize(words: readonly string[]): string | null {
  return SIZE_BY_WORDS.get(words.join(' ')) ?? null;
}
