const list = (owner: string, ...entries: object[]): object => ({
  object: 'list',
  data: entries.map((entry) => ({ object: 'model', owned_by: owner, ...entry })),
});
const named = (owner: string, ...names: string[]): object => list(owner, ...names.map((id) => ({ id })));

const PUBLISHED = ['meta-llama/Llama-3.1-8B-Instruct', 'Qwen/Qwen2.5-7B-Instruct', 'google/gemma-3-4b-it'];
const MLX = ['Llama-3.1-8B-Instruct-4bit', 'Qwen2.5-7B-Instruct-4bit', 'gemma-3-4b-it-4bit'];

/** A server of each type, each with the same models under its own names for them. */
export const SERVERS: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  ollama: {
    '/': 'Ollama is running',
    '/api/tags': {
      models: [
        ['llama3.1:8b', '8.0B'],
        ['qwen2.5:7b', '7.6B'],
        ['gemma3:4b', '4.3B'],
      ].map(([name, size]) => ({ name, details: { quantization_level: 'Q4_K_M', parameter_size: size } })),
    },
    '/api/ps': { models: [{ name: 'qwen2.5:7b' }] },
  },
  'lm-studio': {
    '/v1/models': named('organization_owner', 'x'),
    '/api/v0/models': list(
      'organization_owner',
      { id: 'meta-llama-3.1-8b-instruct', state: 'loaded', quantization: 'Q4_K_M', type: 'llm' },
      { id: 'qwen2.5-7b-instruct', state: 'not-loaded', quantization: 'Q4_K_M', type: 'llm' },
      { id: 'google/gemma-3-4b', state: 'not-loaded', quantization: 'Q4_K_M', type: 'vlm' },
    ),
  },
  llamacpp: {
    '/health': { status: 'ok' },
    '/v1/models': named(
      'llamacpp',
      'Meta-Llama-3.1-8B-Instruct-Q4_K_M.gguf',
      'qwen2.5-7b-instruct-q4_k_m.gguf',
      'gemma-3-4b-it-Q4_K_M.gguf',
    ),
    '/slots': [{ is_processing: true }, { is_processing: false }],
  },
  lemonade: {
    '/api/v1/health': { status: 'ok', model_loaded: 'Qwen2.5-7B-Instruct-GGUF' },
    '/api/v1/models': list(
      'lemonade',
      { id: 'Llama-3.1-8B-Instruct-GGUF', checkpoint: 'unsloth/Llama-3.1-8B-Instruct-GGUF:Q4_K_M' },
      { id: 'Qwen2.5-7B-Instruct-GGUF', checkpoint: 'unsloth/Qwen2.5-7B-Instruct-GGUF:Q4_K_M' },
      { id: 'Gemma-3-4b-it-GGUF', checkpoint: 'ggml-org/gemma-3-4b-it-GGUF:Q4_K_M' },
    ),
  },
  'docker-model-runner': {
    '/engines/v1/models': named(
      'docker',
      'ai/llama3.1:8B-Q4_K_M',
      'ai/qwen2.5:7B-Q4_K_M',
      'ai/gemma3:4B-Q4_K_M',
    ),
  },
  vllm: {
    '/health': '',
    '/v1/models': list('vllm', ...PUBLISHED.map((id) => ({ id, max_model_len: 32_768 }))),
    '/metrics': 'vllm:num_requests_running{engine="0"} 2.0\nvllm:num_requests_waiting{engine="0"} 1.0\n',
  },
  sglang: {
    '/health': '',
    '/v1/models': named('sglang', ...PUBLISHED),
    '/metrics': 'sglang:num_running_reqs 3.0\nsglang:num_queue_reqs 0.0\nsglang:token_usage 0.25\n',
  },
  lmdeploy: { '/health': '', '/v1/models': named('lmdeploy', ...PUBLISHED) },
  'vllm-mlx': {
    '/health': { status: 'healthy' },
    '/v1/models': named('vllm-mlx', ...MLX.map((name) => `mlx-community/${name}`)),
  },
  omlx: { '/health': { status: 'healthy' }, '/v1/models': named('omlx', ...MLX) },
  'rapid-mlx': {
    '/healthz': { ready: true },
    '/v1/models': named('rapid-mlx', ...MLX.map((name) => `mlx-community/${name}`)),
  },
  litellm: { '/health/liveliness': '"I\'m alive!"', '/v1/models': named('openai', 'llama3.1:8b', 'gpt-4o') },
  'openai-compatible': { '/v1/models': named('someone', 'qwen2.5:7b') },
};
