/** Words that name a family. */
const FAMILIES = [
  'codellama',
  'tinyllama',
  'llama',
  'codeqwen',
  'qwen',
  'qwq',
  'qvq',
  'codegemma',
  'shieldgemma',
  'embeddinggemma',
  'medgemma',
  'gemma',
  'mistral',
  'mixtral',
  'ministral',
  'codestral',
  'devstral',
  'magistral',
  'mathstral',
  'pixtral',
  'voxtral',
  'phi',
  'deepseek',
  'gpt-oss',
  'granite',
  'command',
  'aya',
  'yi',
  'falcon',
  'smollm',
  'smolvlm',
  'olmo',
  'internlm',
  'internvl',
  'glm',
  'kimi',
  'starcoder',
  'stablelm',
  'stable-code',
  'solar',
  'vicuna',
  'zephyr',
  'openchat',
  'nemotron',
  'exaone',
  'cogito',
  'llava',
  'bakllava',
  'minicpm',
  'moondream',
  'ernie',
  'hunyuan',
  'dbrx',
  'jamba',
  'baichuan',
  'bloom',
  'mpt',
  'bge',
  'nomic',
  'mxbai',
  'e5',
  'gte',
  'minilm',
  'jina',
  'snowflake',
  'whisper',
  'kokoro',
  'flux',
] as const;

const ALL: ReadonlySet<string> = new Set(FAMILIES);

/** Words that take a version without a hyphen: `llama3.1`, `qwen2.5vl`, `small3.2`. */
const VERSIONED = new RegExp(
  `^(${[...FAMILIES.filter((name) => !/\\d|-/.test(name)), 'small', 'medium', 'hermes', 'dolphin', 'orca', 'tulu', 'wizardlm'].join('|')})v?(\\d+(?:\\.\\d+)*n?)(vl|v)?$`,
);

/** `llama3.1` → `llama`, `3.1`; other words stay one. */
export function splitVersioned(token: string): string[] {
  const match = VERSIONED.exec(token);
  if (match === null) return [token];
  return [match[1], match[2], match[3]].filter((part) => part !== undefined && part !== '') as string[];
}

/**
 * Finds the family of a name: its first word that is a known family, so `llama` in `hermes-3-llama-3.1`.
 *
 * @returns the family and the place of its word; null where no word is a known family
 */
export function findFamily(
  tokens: readonly string[],
): { readonly family: string; readonly at: number } | null {
  for (const [at, token] of tokens.entries()) {
    if (ALL.has(token)) return { family: token, at };
    if (token === 'gpt' && tokens[at + 1] === 'oss') return { family: 'gpt-oss', at };
  }
  return null;
}
