import type { EndpointModel, ListedFields, ModelKind } from '@olla/core/snapshot';

const UNKNOWN: Omit<EndpointModel, 'name'> = {
  kind: 'unknown',
  resident: null,
  residentUntil: null,
  contextLength: null,
  sizeBytes: null,
  family: null,
  parameterSize: null,
  quantization: null,
  format: null,
  digest: null,
  publisher: null,
  capabilities: [],
  modifiedAt: null,
};

/** Makes a model from the `known` properties. */
export function newModel(name: string, known: Partial<EndpointModel> = {}): EndpointModel {
  const { openAiFields, ownFields, ...rest } = known;
  return {
    ...UNKNOWN,
    ...rest,
    name,
    ...(isEmpty(openAiFields) ? {} : { openAiFields }),
    ...(isEmpty(ownFields) ? {} : { ownFields }),
  };
}

function isEmpty(fields: ListedFields | undefined): fields is undefined {
  return fields === undefined || Object.keys(fields).length === 0;
}

/** Keeps the first model of each name. */
export function uniqueModels(models: readonly EndpointModel[]): EndpointModel[] {
  const seen = new Map<string, EndpointModel>();
  for (const model of models) if (!seen.has(model.name)) seen.set(model.name, model);
  return [...seen.values()];
}

/** @returns `8.0B`, `582K`, as Ollama writes parameter counts; null for none */
export function formatParameterCount(count: number | null): string | null {
  if (count === null || count <= 0) return null;
  if (count >= 1e12) return `${(count / 1e12).toFixed(1)}T`;
  if (count >= 1e9) return `${(count / 1e9).toFixed(1)}B`;
  if (count >= 1e6) return `${(count / 1e6).toFixed(2)}M`;
  return count >= 1e3 ? `${Math.round(count / 1e3)}K` : String(count);
}

/** The kind of a model by the words that backends use for its abilities. */
export function kindOfCapabilities(capabilities: readonly string[]): ModelKind {
  const words = new Set(capabilities.map((word) => word.toLowerCase()));
  const any = (...names: string[]): boolean => names.some((name) => words.has(name));
  if (any('vision', 'multimodal') && !any('embedding', 'embeddings')) return 'vlm';
  if (any('rerank', 'reranking', 'reranker')) return 'rerank';
  if (any('embedding', 'embeddings')) return 'embeddings';
  if (any('image', 'image-generation')) return 'image';
  if (any('transcription', 'audio', 'tts', 'speech')) return 'audio';
  return any(
    'completion',
    'completion_chat',
    'chat',
    'tools',
    'tool-calling',
    'tool_use',
    'function_calling',
    'reasoning',
    'coding',
    'thinking',
  )
    ? 'llm'
    : 'unknown';
}
