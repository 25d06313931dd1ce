import type { FleetSpec, ModelSpec } from './fleet-spec.ts';

/** A short load, so that the first request to a cold model is answered within a second. */
const LOAD_S = 0.6;

function chat(name: string, rest: Partial<Exclude<ModelSpec, string>> = {}): ModelSpec {
  return { name, loadS: LOAD_S, answerTokens: [40, 120], ...rest };
}

/** A mixed fleet on free ports. Some models are on several servers, under each server's own name for it. */
export function demoFleetSpec(): FleetSpec {
  return {
    seed: 7,
    timeScale: 1,
    controlPort: 0,
    servers: [
      {
        name: 'ollama-desk',
        type: 'ollama',
        memoryGb: 24,
        slots: 4,
        models: [
          chat('llama3.1:8b', { loaded: true }),
          chat('qwen3:14b'),
          { name: 'nomic-embed-text', loadS: 0.2 },
        ],
      },
      {
        name: 'ollama-attic',
        type: 'ollama',
        memoryGb: 16,
        slots: 2,
        models: [chat('llama3.1:8b'), chat('mistral-small:24b', { loaded: true })],
      },
      {
        name: 'lm-studio',
        type: 'lm-studio',
        memoryGb: 24,
        models: [
          chat('qwen3-14b', { loaded: true }),
          chat('gemma-3-12b-it', { kind: 'vlm' }),
          { name: 'text-embedding-nomic-embed-text-v1.5', loadS: 0.2 },
        ],
      },
      { name: 'vllm', type: 'vllm', models: [chat('meta-llama/Llama-3.1-8B-Instruct')] },
      {
        name: 'llama-cpp',
        type: 'llamacpp',
        slots: 4,
        contextTokens: 8_192,
        models: [chat('llama-3.1-8b-instruct-q4_k_m')],
      },
      {
        name: 'openai-compatible',
        type: 'openai-compatible',
        models: [chat('mistral-small-24b'), { name: 'bge-m3' }],
      },
    ],
  };
}
