import { z } from 'zod';
import { FAULT_KINDS } from './http/fault-spec.ts';

const positive = z.number().positive();

/** A model: its name alone, or an object that overrides what the name implies. */
export const modelSpecSchema = z.union([
  z.string().min(1),
  z.strictObject({
    name: z.string().min(1),
    kind: z.enum(['llm', 'vlm', 'embeddings']).optional(),
    /** Billions of parameters. Default: the size in the name, or 7.5. */
    sizeB: positive.optional(),
    /** Tokens per simulated second. */
    prefillTps: positive.optional(),
    decodeTps: positive.optional(),
    memoryGb: positive.optional(),
    /** Simulated seconds of a cold load. */
    loadS: z.number().nonnegative().optional(),
    contextTokens: positive.int().optional(),
    quantization: z.string().optional(),
    family: z.string().optional(),
    /** In memory from the start. */
    loaded: z.boolean().optional(),
    /** Calls the tools that a request offers. */
    tools: z.boolean().optional(),
    /** Length in tokens of an output that no limit cuts, or its least and greatest length. */
    answerTokens: z.union([positive.int(), z.tuple([positive.int(), positive.int()])]).optional(),
  }),
]);

export const faultSpecSchema = z.strictObject({
  kind: z.enum(FAULT_KINDS),
  count: positive.int().optional(),
  probability: z.number().min(0).max(1).optional(),
  path: z.string().optional(),
  method: z.string().optional(),
  status: z.number().int().min(100).max(599).optional(),
  retryAfterS: z.number().nonnegative().optional(),
  body: z.string().optional(),
  delayMs: z.number().nonnegative().optional(),
  bytesPerS: positive.optional(),
  afterChunks: z.number().int().nonnegative().optional(),
  how: z.enum(['reset', 'close']).optional(),
});

/** The types of servers that can be simulated. `fast` imitates none and does next to no work for a request. */
const SERVER_TYPES = [
  'ollama',
  'lm-studio',
  'openai-compatible',
  'vllm',
  'vllm-mlx',
  'llamacpp',
  'sglang',
  'lmdeploy',
  'lemonade',
  'litellm',
  'docker-model-runner',
  'omlx',
  'fast',
] as const;

export const serverSpecSchema = z.strictObject({
  name: z.string().min(1),
  type: z.enum(SERVER_TYPES),
  /** On 127.0.0.1; 0 or absent for any free port. */
  port: z.number().int().min(0).max(65_535).optional(),
  models: z.array(modelSpecSchema).optional(),
  /** Requests that run at once, for each model (Ollama, LM Studio) or for the server. */
  slots: positive.int().optional(),
  memoryGb: positive.optional(),
  /** Models in memory at once (Ollama, LM Studio). */
  maxLoadedModels: positive.int().optional(),
  /** Ollama: requests that may wait for a load. The next one gets a 503. */
  queueLimit: z.number().int().nonnegative().optional(),
  /** Upper limit of the context length of every model. */
  contextTokens: positive.int().optional(),
  /** Simulated seconds that an unused model stays in memory. */
  keepAliveS: z.number().nonnegative().optional(),
  /** Required as a bearer token (llama.cpp, vLLM, LiteLLM, OpenAI-compatible). */
  apiKey: z.string().optional(),
  /** llama.cpp: answers 503 at the start, for the load time of its model. */
  startsLoading: z.boolean().optional(),
  /** Version that the server reports, where its type reports one. */
  version: z.string().optional(),
  faults: z.array(faultSpecSchema).optional(),
  /** Type `fast`: chunks of a stream, the pause between them, and the size of a whole body. */
  fast: z
    .strictObject({
      chunks: positive.int().optional(),
      chunkIntervalMs: z.number().nonnegative().optional(),
      bodyBytes: positive.int().optional(),
    })
    .optional(),
});

export const fleetSpecSchema = z.strictObject({
  seed: z.number().int().optional(),
  /** Simulated seconds that pass in each real second. */
  timeScale: positive.optional(),
  /** Port of the control API; 0 for any free port, absent for no control API. */
  controlPort: z.number().int().min(0).max(65_535).optional(),
  /** Requests that each server records. */
  keepRequests: positive.int().optional(),
  servers: z.array(serverSpecSchema).min(1),
});

export type ModelSpec = z.input<typeof modelSpecSchema>;
export type ServerSpec = z.input<typeof serverSpecSchema>;
export type FleetSpec = z.input<typeof fleetSpecSchema>;
export type ServerType = ServerSpec['type'];

/** A fleet file that is not valid. The message names each wrong key. */
export class FleetSpecError extends Error {
  readonly code = 'FLEET_SPEC_INVALID';
}

/** Checks the content of a fleet file. Throws FleetSpecError with one line for each wrong key. */
export function parseFleetSpec(value: unknown): FleetSpec {
  const parsed = fleetSpecSchema.safeParse(value);
  if (!parsed.success) {
    throw new FleetSpecError(
      parsed.error.issues.map((issue) => `${issue.path.join('.') || 'fleet'}: ${issue.message}`).join('\n'),
    );
  }
  const names = parsed.data.servers.map((server) => server.name);
  const duplicate = names.find((name, at) => names.indexOf(name) !== at);
  if (duplicate !== undefined)
    throw new FleetSpecError(`servers: two servers are named "${duplicate}". Give each a name of its own`);
  return parsed.data;
}
