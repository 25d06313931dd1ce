import type { EndpointModel, ModelKind } from '../snapshot.ts';

const LONG_CONTEXT = 32_768;

/** The catalog's words for the words of backends. */
const WORDS: ReadonlyMap<string, string> = new Map(
  Object.entries({
    completion: 'text-generation',
    chat: 'chat',
    tools: 'function-calling',
    'tool-calling': 'function-calling',
    tool_use: 'function-calling',
    tool_calling: 'function-calling',
    function_calling: 'function-calling',
    completion_chat: 'chat',
    vision: 'vision',
    multimodal: 'vision',
    thinking: 'reasoning',
    reasoning: 'reasoning',
    embedding: 'embeddings',
    embeddings: 'embeddings',
    insert: 'fill-in-the-middle',
    coding: 'code-generation',
    rerank: 'reranking',
    reranking: 'reranking',
    audio: 'audio',
    image: 'image-generation',
  }),
);

const BY_KIND: Readonly<Record<ModelKind, readonly string[]>> = {
  llm: ['text-generation'],
  vlm: ['text-generation', 'vision'],
  embeddings: ['embeddings'],
  rerank: ['reranking'],
  audio: ['audio'],
  image: ['image-generation'],
  unknown: [],
};

/** What a model can do, in the words of the catalog, sorted. */
export function capabilitiesOf(
  models: readonly EndpointModel[],
  kind: ModelKind,
  variant: string | null,
  contextLength: number | null,
): string[] {
  const words = new Set<string>(BY_KIND[kind]);
  for (const model of models) {
    for (const reported of model.capabilities) {
      const word = WORDS.get(reported.toLowerCase());
      if (word !== undefined) words.add(word);
    }
  }
  const parts = variant?.split('-') ?? [];
  if (kind !== 'embeddings' && kind !== 'rerank') {
    if (parts.includes('instruct') || parts.includes('chat')) {
      for (const word of ['text-generation', 'chat', 'instruction-following']) words.add(word);
    }
    if (parts.includes('coder') || parts.includes('code')) words.add('code-generation');
  }
  if (contextLength !== null && contextLength >= LONG_CONTEXT) words.add('extended-context');
  return [...words].sort();
}
