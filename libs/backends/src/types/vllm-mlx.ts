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
  usePaths: [
    'GET /v1/status',
    'GET /v1/cache/stats',
    'GET /v1/mcp/tools',
    'GET /v1/mcp/servers',
    'GET /health',
    'GET /metrics',
  ],
  managementPaths: [
    'POST,DELETE /v1/cache',
    'POST,DELETE /v1/cache/**',
    'POST,DELETE /v1/requests/**',
    '/v1/mcp/execute',
  ],
  defaultConcurrency: 20,
  detect: detectByOwner('vllm-mlx'),
});
