import { defineProfile } from '../define-profile.ts';
import { detectByOwner } from '../reading/openai-list.ts';

export const vllmMlx = defineProfile({
  type: 'vllm-mlx',
  label: 'vLLM-MLX',
  prefixes: ['vllm-mlx'],
  defaultPorts: [8000],
  healthPath: '/health',
  modelsPath: '/v1/models',
  anthropic: { messagesPath: '/v1/messages', since: null, countTokensPath: '/v1/messages/count_tokens' },
  nativePaths: ['/health'],
  defaultConcurrency: 20,
  detect: detectByOwner('vllm-mlx'),
});
