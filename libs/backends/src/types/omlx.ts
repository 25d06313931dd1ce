import { defineProfile } from '../define-profile.ts';
import { detectByOwner } from '../reading/openai-list.ts';

export const omlx = defineProfile({
  type: 'omlx',
  label: 'oMLX',
  prefixes: ['omlx'],
  defaultPorts: [8000],
  healthPath: '/health',
  modelsPath: '/v1/models',
  anthropic: { messagesPath: '/v1/messages', since: '0.4.2', countTokensPath: null },
  nativePaths: ['/health'],
  usePaths: [
    'GET /v1/models/status',
    'GET /v1/mcp/tools',
    'GET /v1/mcp/servers',
    'GET /api/status',
    'GET /health',
  ],
  managementPaths: [
    'POST /v1/models/**/load',
    'POST /v1/models/**/unload',
    '/admin',
    '/admin/**',
    '/v1/mcp/execute',
  ],
  defaultConcurrency: 4,
  detect: detectByOwner('omlx'),
});
