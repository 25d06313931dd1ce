/** The backend types that an endpoint's `type` may name, by their names in the configuration file. */
export const BACKEND_TYPES = [
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
] as const;

export type BackendType = (typeof BACKEND_TYPES)[number];
