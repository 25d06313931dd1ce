import { defineProfile } from '../define-profile.ts';
import { parseJson } from '../reading/json.ts';
import { listIsOwnedBy } from '../reading/openai-list.ts';

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
  detect: {
    paths: ['/v1/models'],
    matches: (answers) => listIsOwnedBy(parseJson(answers.get('/v1/models')?.body ?? ''), 'vllm-mlx'),
  },
});
