import { z } from 'zod';
import { FAULT_KINDS } from './http/faults.ts';

const positive = z.number().positive();

/** A model by its name alone, or with what differs from what its name tells. */
export const modelSpecSchema = z.union([
  z.string().min(1),
  z.strictObject({
    name: z.string().min(1),
    kind: z.enum(['llm', 'vlm', 'embeddings']).optional(),
    /** Billions of parameters; without it, as the name tells, else 7.5. */
    sizeB: positive.optional(),
    /** Simulated tokens a second. */
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
    /** Calls the tools it is offered. */
    tools: z.boolean().optional(),
    /** Tokens of an answer that ends by itself, or the two ends of their range. */
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

/** The kinds of servers that can be simulated; `fast` is like none and does as little as a server can. */
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
  /** On 127.0.0.1; 0 or none for any free one. */
  port: z.number().int().min(0).max(65_535).optional(),
  models: z.array(modelSpecSchema).optional(),
  /** Requests worked on at once, for each model (Ollama, LM Studio) or for the server. */
  slots: positive.int().optional(),
  memoryGb: positive.optional(),
  /** Models in memory at once (Ollama, LM Studio). */
  maxLoadedModels: positive.int().optional(),
  /** Ollama: requests that wait for a load before the next gets a 503. */
  queueLimit: z.number().int().nonnegative().optional(),
  /** Tokens of context a request may have, whatever the model could. */
  contextTokens: positive.int().optional(),
  /** Simulated seconds that an unused model stays in memory. */
  keepAliveS: z.number().nonnegative().optional(),
  /** Asked for as a bearer token (llama.cpp, vLLM, LiteLLM, OpenAI-compatible). */
  apiKey: z.string().optional(),
  /** llama.cpp: loads for its model's time at the start, answering 503. */
  startsLoading: z.boolean().optional(),
  /** Reported version, where the type reports one. */
  version: z.string().optional(),
  faults: z.array(faultSpecSchema).optional(),
  /** Type `fast`: pace of its streams. */
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
  /** Simulated seconds in a real one. */
  timeScale: positive.optional(),
  /** Port of the control API; 0 for any free one, none for no control API. */
  controlPort: z.number().int().min(0).max(65_535).optional(),
  /** Requests each server remembers. */
  keepRequests: positive.int().optional(),
  servers: z.array(serverSpecSchema).min(1),
});

export type ModelSpec = z.input<typeof modelSpecSchema>;
export type ServerSpec = z.input<typeof serverSpecSchema>;
export type FleetSpec = z.input<typeof fleetSpecSchema>;
export type ServerType = ServerSpec['type'];

/** A fleet description that cannot be used. The message names each wrong key. */
export class FleetSpecError extends Error {
  readonly code = 'FLEET_SPEC_INVALID';
}

/** Checks what was read from a file. Throws FleetSpecError with one line a fault. */
export function parseFleetSpec(value: unknown): FleetSpec {
  const parsed = fleetSpecSchema.safeParse(value);
  if (!parsed.success) {
    throw new FleetSpecError(
      parsed.error.issues.map((issue) => `${issue.path.join('.') || 'fleet'}: ${issue.message}`).join('\n'),
    );
  }
  const names = parsed.data.servers.map((server) => server.name);
  const twice = names.find((name, at) => names.indexOf(name) !== at);
  if (twice !== undefined) throw new FleetSpecError(`servers: two are named "${twice}"`);
  return parsed.data;
}
