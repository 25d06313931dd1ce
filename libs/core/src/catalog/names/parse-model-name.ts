import { findFamily, splitVersioned } from './families.ts';
import { readFilePath, tellingFolders } from './file-path.ts';
import { expandLibraryName, impliedSize } from './implied.ts';
import { isActiveSize, isSize, normalizeSize } from './model-size.ts';
import type { NameRules } from './name-rules.ts';
import { readPublisher, type Publisher } from './publishers.ts';
import { agreeOnQuantization, isQuantization, normalizeQuantization } from './quantization.ts';

/** What a server reports about a model, and how to read its names. */
export interface NameHints {
  readonly rules: NameRules;
  readonly quantization: string | null;
  readonly parameterSize: string | null;
  readonly publisher: string | null;
}

export interface ParsedName {
  readonly publisher: Publisher;
  readonly family: string | null;
  /** Version and words that set the model apart within its family: `3.1-instruct`. */
  readonly variant: string | null;
  /** `8b`, `8x7b`, `30b-a3b`. */
  readonly size: string | null;
  /** In the spelling of llama.cpp: `Q4_K_M`. */
  readonly quantization: string | null;
  readonly format: string | null;
  /**
   * What distinguishes the weights from other files of the model: the quantisation, or `as published`; null if unknown.
   */
  readonly weights: string | null;
  /**
   * Equal for all names of one model, different for models that may differ in weights or quantisation. Known publishers
   * are not part of it: names with two of them are two models. Null if the name is not specific enough: such a model
   * equals only others of equal name.
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
/** Words that do not distinguish models. */
const EMPTY_WORDS: ReadonlySet<string> = new Set([
  'latest',
  'hf',
  'gguf',
  'mlx',
  'model',
  'onnx',
  'quantized',
]);
/** The one spelling of synonyms. */
const SYNONYMS: ReadonlyMap<string, string> = new Map(
  Object.entries({ it: 'instruct', inst: 'instruct', pt: 'base' }),
);
/** A name with one of these words is a full name. */
const COMPLETE: ReadonlySet<string> = new Set(['instruct', 'chat', 'base', 'code']);

/** Reads a model's name together with the server's report. Never throws. */
export function parseModelName(name: string, hints: NameHints): ParsedName {
  const { publisher: named, base } = splitName(name);
  const publisher = named.name === '' ? readPublisher(hints.publisher?.trim().toLowerCase() ?? '') : named;
  const words = wordsOf(base);
  const quantWords = words.filter(isQuantization);
  const sizes = words.filter((word) => isSize(word) || isActiveSize(word));
  const rest = words
    .filter((word) => !isQuantization(word) && !isSize(word) && !isActiveSize(word) && !EMPTY_WORDS.has(word))
    .map((word) => SYNONYMS.get(word) ?? word);
  const tokens = cleanWords(rest);
  const family = findFamily(tokens);
  const reported = normalizeQuantization(hints.quantization);
  const inName = quantWords.length === 0 ? null : normalizeQuantization(quantWords.join('-'));
  const quantization = agreeOnQuantization(reported, inName);
  const full = completeName(tokens, sizes.length === 0 ? null : sizes.join('-'), named, hints);
  const weights = quantization ?? publishedAs(named, tokens, hints.rules);
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

function splitName(name: string): { publisher: Publisher; base: string } {
  const path = readFilePath(name);
  if (path !== null) {
    const [folder = '', ...more] = tellingFolders(path);
    const publisher = readPublisher(folder);
    const isPublisher = more.length === 0 && publisher.kind !== 'unknown';
    // A folder that is no publisher's may hold a model that was trained further under the name of the original.
    const folders = { name: `/${[folder, ...more].join('/')}`, kind: 'unknown' } as const;
    return { publisher: isPublisher ? publisher : folders, base: baseOf(path.file) };
  }
  const text = name
    .toLowerCase()
    .replaceAll('\\', '/')
    .replace(/^(?:hf\.co|huggingface\.co|registry\.ollama\.ai|(?:index\.)?docker\.io)\//, '');
  const slash = text.lastIndexOf('/');
  return { publisher: readPublisher(text.slice(0, Math.max(0, slash))), base: baseOf(text.slice(slash + 1)) };
}

function baseOf(name: string): string {
  return name
    .toLowerCase()
    .replace(/-\d{5}-of-\d{5}(?=\.|$)/, '')
    .replace(/\.(?:gguf|bin|safetensors)$/, (ending) => (ending === '.gguf' ? '-gguf' : ''));
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
  // LM Studio adds this prefix to embedding models.
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
  publisher: Publisher,
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

/** Whether a name belongs to a library that leaves out words of the full name. */
function isShortName(
  tokens: readonly string[],
  { name, kind }: Publisher,
  { shortNames }: NameRules,
): boolean {
  if (shortNames === 'none' || spellBase(tokens).some((token) => COMPLETE.has(token))) return false;
  return shortNames === 'published' ? name !== '' && kind !== 'repacker' : kind !== 'unknown';
}

/** In a short name `text` means the base model, which was not trained to chat. */
function spellBase(tokens: readonly string[]): readonly string[] {
  return tokens[0] === 'nomic' ? tokens : tokens.map((token) => (token === 'text' ? 'base' : token));
}

function identityOf({ name, kind }: Publisher, full: FullName, weights: string): string {
  const owner = kind === 'unknown' ? `${name}/` : '';
  return `${owner}${full.tokens.join(' ')}|${full.size ?? ''}|${weights}`;
}

/** The weights of a repository that runs as published; null for a name without a publisher. */
function publishedAs(
  { name }: Publisher,
  tokens: readonly string[],
  { asPublished }: NameRules,
): string | null {
  if (name === '' || name.startsWith('/') || !asPublished) return null;
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
