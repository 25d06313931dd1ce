/** Publishers of other makers' models in other formats, under the names that the makers gave them. */
const REPACKERS: ReadonlySet<string> = new Set([
  'bartowski',
  'casperhansen',
  'ggml-org',
  'hugging-quants',
  'lmstudio-community',
  'maziyarpanahi',
  'mlx-community',
  'mradermacher',
  'quantfactory',
  'redhatai',
  'second-state',
  'thebloke',
  'unsloth',
]);

/** Makers of models, who publish them under their own names. */
const MAKERS: ReadonlySet<string> = new Set([
  '01-ai',
  'alibaba-nlp',
  'allenai',
  'baai',
  'bigcode',
  'codellama',
  'coherelabs',
  'deepseek-ai',
  'google',
  'huggingfacetb',
  'ibm-granite',
  'intfloat',
  'lgai-exaone',
  'lmstudio-ai',
  'meta-llama',
  'microsoft',
  'mistralai',
  'mixedbread-ai',
  'moonshotai',
  'nomic-ai',
  'nvidia',
  'openai',
  'qwen',
  'sentence-transformers',
  'snowflake',
  'stabilityai',
  'tiiuae',
  'tinyllama',
  'upstage',
  'zai-org',
]);

/** Prefixes of model names that mean a library of models by all makers. */
const LIBRARIES: ReadonlySet<string> = new Set(['ai', 'library']);

/** Publishers that have changed their names. */
const RENAMED: ReadonlyMap<string, string> = new Map([
  ['neuralmagic', 'redhatai'],
  ['thudm', 'zai-org'],
  ['cohereforai', 'coherelabs'],
  ['ggerganov', 'ggml-org'],
]);

/** The publisher of a model by the prefix of its name. */
export interface Publisher {
  /** Lower case; '' if the name has none. */
  readonly name: string;
  /**
   * - `none`: the name has none
   * - `maker`: has made the model itself, as far as the name shows
   * - `repacker`: publishes models of others, unchanged except for format and quantisation
   * - `unknown`: may have trained the model further under the name of the original
   */
  readonly kind: 'none' | 'maker' | 'repacker' | 'unknown';
}

export function readPublisher(text: string): Publisher {
  if (text === '' || LIBRARIES.has(text)) return { name: '', kind: 'none' };
  const name = RENAMED.get(text) ?? text;
  if (MAKERS.has(name)) return { name, kind: 'maker' };
  return { name, kind: REPACKERS.has(name) ? 'repacker' : 'unknown' };
}
