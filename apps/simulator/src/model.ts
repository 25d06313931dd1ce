import { estimateCost, guessSizeB, type ModelCost } from './engine/model-cost.ts';
import { createRandom, hashText, HEX, randomId } from './engine/random.ts';
import type { ModelSpec, ServerSpec, ServerType } from './fleet-spec.ts';

/** A model as one simulated server has it. */
export interface Model {
  /** The name under which this server lists it. */
  readonly name: string;
  readonly kind: 'llm' | 'vlm' | 'embeddings';
  /** Billions of parameters. */
  readonly sizeB: number;
  readonly cost: ModelCost;
  /** The context length of its training. */
  readonly trainedContextTokens: number;
  /** The context length that this server allows. */
  readonly contextTokens: number;
  readonly quantization: string;
  readonly family: string;
  /** Calls the tools that a request offers. */
  readonly tools: boolean;
  /** Least and greatest length in tokens of an output that no limit cuts. */
  readonly answerTokens: readonly [number, number];
  /** In memory from the start. */
  readonly loaded: boolean;
  /** 64 hex digits. */
  readonly digest: string;
  readonly sizeBytes: number;
  /** Length of its embedding vectors. */
  readonly dimensions: number;
  /** Milliseconds since the epoch. */
  readonly modifiedAt: number;
}

const HALF_PRECISION_TYPES: readonly ServerType[] = ['vllm', 'sglang', 'lmdeploy'];
const FAMILIES = ['llama', 'qwen', 'mistral', 'gemma', 'phi', 'deepseek', 'nomic', 'bge'];

export function buildModel(spec: ModelSpec, server: ServerSpec): Model {
  const given = typeof spec === 'string' ? { name: spec } : spec;
  const name = server.type === 'ollama' ? withTag(given.name) : given.name;
  const kind = given.kind ?? (/embed|bge|minilm/i.test(name) ? 'embeddings' : 'llm');
  const sizeB = given.sizeB ?? (kind === 'embeddings' ? 0.14 : guessSizeB(name));
  const halfPrecision = HALF_PRECISION_TYPES.includes(server.type);
  const estimated = estimateCost(sizeB, halfPrecision);
  const trained = given.contextTokens ?? 32_768;
  const answer = given.answerTokens ?? [24, 120];
  const random = createRandom(hashText(name));
  return {
    name,
    kind,
    sizeB,
    cost: {
      prefillTps: given.prefillTps ?? estimated.prefillTps,
      decodeTps: given.decodeTps ?? estimated.decodeTps,
      memoryGb: given.memoryGb ?? estimated.memoryGb,
      loadMs: given.loadS === undefined ? estimated.loadMs : given.loadS * 1000,
    },
    trainedContextTokens: trained,
    contextTokens: Math.min(trained, server.contextTokens ?? trained),
    quantization: given.quantization ?? (halfPrecision ? 'BF16' : 'Q4_K_M'),
    family: given.family ?? FAMILIES.find((family) => name.toLowerCase().includes(family)) ?? 'llama',
    tools: given.tools ?? kind !== 'embeddings',
    answerTokens: typeof answer === 'number' ? [answer, answer] : answer,
    loaded: given.loaded ?? false,
    digest: randomId(random, 64, HEX),
    sizeBytes: Math.round(sizeB * 0.6e9),
    dimensions: kind === 'embeddings' ? 768 : 4096,
    modifiedAt: Date.now(),
  };
}

/** Ollama's full name of a model, with the tag `latest` when the name has none. */
export function withTag(name: string): string {
  return name.lastIndexOf(':') > name.lastIndexOf('/') ? name : `${name}:latest`;
}
