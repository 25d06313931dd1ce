import { findFamily, splitVersioned } from './families.ts';
import { expandLibraryName, impliedSize } from './implied.ts';
import { isActiveSize, isSize, normalizeSize } from './model-size.ts';
import type { NameRules } from './name-rules.ts';
import { FAITHFUL_PUBLISHERS, REPACKERS } from './publishers.ts';
import { agreeOnQuantization, isQuantization, normalizeQuantization } from './quantization.ts';

/** What a server tells of a model, and how its names are to be read. */
export interface NameHints {
  readonly rules: NameRules;
  readonly quantization: string | null;
  readonly parameterSize: string | null;
}

export interface ParsedName {
  /** Lower case; '' for none. */
  readonly publisher: string;
  readonly family: string | null;
  /** Version and words that set the model apart within its family: `3.1-instruct`. */
  readonly variant: string | null;
  /** `8b`, `8x7b`, `30b-a3b`. */
  readonly size: string | null;
  /** In the spelling of llama.cpp: `Q4_K_M`. */
  readonly quantization: string | null;
  readonly format: string | null;
  /** What tells the weights from other files of the model: the quantisation, or `as published`; null if unknown. */
  readonly weights: string | null;
  /**
   * Equal for all names of one model, different for models that may differ in weights or quantisation. Null where the
   * name does not tell enough: such a model is the same only as others of equal name.
   */
  readonly identity: string | null;
}

const FORMATS: ReadonlyMap<string, string> = new Map(
  Object.entries({
    gguf: 'gguf',
    ggml: 'ggml',
    mlx: 'mlx',
    awq: 'awq',
    gptq: 'gptq',
  }),
);
/** Words that do not set one model apart from another. */
const EMPTY_WORDS: ReadonlySet<string> = new Set([
  'latest',
  'hf',
  'gguf',
  'mlx',
  'model',
  'onnx',
  'quantized',
]);
/** The one spelling of words that mean the same. */
const SYNONYMS: ReadonlyMap<string, string> = new Map(
  Object.entries({ it: 'instruct', inst: 'instruct', pt: 'base' }),
);
/** A name with one of these words is a full name. */
const COMPLETE: ReadonlySet<string> = new Set(['instruct', 'chat', 'base', 'code']);

/** Reads a model's name together with what its server tells. Never throws. */
export function parseModelName(name: string, hints: NameHints): ParsedName {
  const { publisher, base } = splitName(name);
  const words = wordsOf(base);
  const quantWords = words.filter(isQuantization);
  const sizes = words.filter((word) => isSize(word) || isActiveSize(word));
  const rest = words
    .filter((word) => !isQuantization(word) && !isSize(word) && !isActiveSize(word) && !EMPTY_WORDS.has(word))
    .map((word) => SYNONYMS.get(word) ?? word);
  const tokens = cleanWords(rest);
  const family = findFamily(tokens);
  const told = normalizeQuantization(hints.quantization);
  const named = quantWords.length === 0 ? null : normalizeQuantization(quantWords.join('-'));
  const quantization = agreeOnQuantization(told, named);
  const full = completeName(tokens, sizes.length === 0 ? null : sizes.join('-'), publisher, hints);
  const weights = quantization ?? publishedAs(publisher, tokens, hints.rules);
  return {
    publisher,
    family: family?.family ?? null,
    variant: family === null ? null : variantOf(full.tokens, family.family),
    size: full.size ?? normalizeSize(hints.parameterSize),
    quantization,
    format: words.map((word) => FORMATS.get(word)).find((format) => format !== undefined) ?? ggufByName(name),
    weights,
    identity: family === null || weights === null || !full.sure ? null : identityOf(publisher, full, weights),
  };
}

function splitName(name: string): { publisher: string; base: string } {
  let text = name.toLowerCase().replaceAll('\\', '/');
  // The path of a file: its folders tell nothing of the model.
  if (text.startsWith('/') || /^[a-z]:\//.test(text) || text.startsWith('./'))
    text = text.slice(text.lastIndexOf('/') + 1);
  text = text.replace(/^(?:hf\.co|huggingface\.co|registry\.ollama\.ai)\//, '');
  const slash = text.lastIndexOf('/');
  const publisher = slash === -1 ? '' : text.slice(0, slash);
  const base = text
    .slice(slash + 1)
    .replace(/-\d{5}-of-\d{5}(?=\.|$)/, '')
    .replace(/\.(?:gguf|bin|safetensors)$/, (ending) => (ending === '.gguf' ? '-gguf' : ''));
  return { publisher, base };
}

function wordsOf(base: string): string[] {
  const text = base
    .replace(
      /[_.](?=(?:ud-)?i?q[1-8](?:_|-|:|$)|b?f16(?:-|$)|fp16(?:-|$)|fp8(?:-|$)|tq[12]_|mxfp4|w\d+a\d+)/g,
      '-',
    )
    .replace(/(i?q\d)-k-([sml])(?=-|$)/g, '$1_k_$2');
  const words: string[] = [];
  for (const part of text.split(/[-:@\s/+,]+/)) {
    if (part === '') continue;
    if (isQuantization(part)) words.push(part);
    else
      words.push(
        ...part
          .split('_')
          .filter((word) => word !== '')
          .flatMap(splitVersioned),
      );
  }
  return words.map((word) => word.replace(/^v(?=\d)/, '').replace(/^(\d+)\.0$/, '$1'));
}

function cleanWords(words: readonly string[]): string[] {
  let tokens = [...words];
  if (tokens[0] === 'meta' && tokens[1] === 'llama') tokens = tokens.slice(1);
  // LM Studio puts this in front of embedding models.
  if (tokens[0] === 'text' && tokens[1] === 'embedding' && tokens.length > 2) tokens = tokens.slice(2);
  return tokens;
}

interface FullName {
  readonly tokens: readonly string[];
  readonly size: string | null;
  /** False for a short name that may mean several models. */
  readonly sure: boolean;
}

function completeName(
  tokens: readonly string[],
  size: string | null,
  publisher: string,
  hints: NameHints,
): FullName {
  const withSize = size ?? impliedSize(tokens);
  if (!isShortName(tokens, publisher, hints.rules)) {
    return { tokens: hints.rules.textMeansBase ? spellBase(tokens) : tokens, size: withSize, sure: true };
  }
  const implied = expandLibraryName(tokens, withSize, normalizeSize(hints.parameterSize));
  if (implied === null) return { tokens, size: withSize, sure: false };
  return { tokens: [...tokens, ...implied.tokens], size: implied.size ?? withSize, sure: true };
}

/** Whether a name is one of a library that leaves words of the full name out. */
function isShortName(tokens: readonly string[], publisher: string, { shortNames }: NameRules): boolean {
  if (shortNames === 'none' || spellBase(tokens).some((token) => COMPLETE.has(token))) return false;
  if (shortNames === 'published') return publisher !== '' && !REPACKERS.has(publisher);
  return FAITHFUL_PUBLISHERS.has(publisher);
}

/** In a short name `text` means the base model, which was not trained to chat. */
function spellBase(tokens: readonly string[]): readonly string[] {
  return tokens[0] === 'nomic' ? tokens : tokens.map((token) => (token === 'text' ? 'base' : token));
}

function identityOf(publisher: string, full: FullName, weights: string): string {
  const owner = FAITHFUL_PUBLISHERS.has(publisher) ? '' : `${publisher}/`;
  return `${owner}${full.tokens.join(' ')}|${full.size ?? ''}|${weights}`;
}

/** The weights of a repository that is run as it was published; null for a name without a publisher. */
function publishedAs(
  publisher: string,
  tokens: readonly string[],
  { asPublished }: NameRules,
): string | null {
  if (publisher === '' || !asPublished) return null;
  return tokens[0] === 'gpt' && tokens[1] === 'oss' ? 'MXFP4' : 'as published';
}

function variantOf(tokens: readonly string[], family: string): string | null {
  const own = new Set(family.split('-'));
  const words = tokens.filter((token) => !own.has(token));
  return words.length === 0 ? null : words.join('-');
}

function ggufByName(name: string): string | null {
  return /\.gguf$/i.test(name) ? 'gguf' : null;
}
