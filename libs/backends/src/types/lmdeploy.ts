import { PLAIN_NAMES } from '@olla/core/catalog/names/name-rules';
import { defineProfile } from '../define-profile.ts';
import { detectByOwner, readOpenAiList } from '../reading/openai-list.ts';

export const lmdeploy = defineProfile({
  type: 'lmdeploy',
  label: 'LMDeploy',
  prefixes: ['lmdeploy'],
  defaultPorts: [23333],
  healthPath: '/health',
  modelsPath: '/v1/models',
  nativePaths: ['/generate', '/pooling', '/health', '/metrics'],
  usePaths: [
    'POST /generate',
    'POST /pooling',
    'POST /get_ppl',
    'POST /v1/encode',
    'GET /anthropic/v1/models',
    'GET /is_sleeping',
    'GET /health',
    'GET /metrics',
  ],
  managementPaths: [
    '/terminate',
    '/sleep',
    '/wakeup',
    '/update_weights',
    '/init_weights_update_group',
    '/destroy_weights_update_group',
    '/abort_request',
    'POST /distserve/**',
    '/nodes/add',
    '/nodes/remove',
    '/nodes/terminate',
    '/nodes/terminate_all',
  ],
  defaultConcurrency: 100,
  names: { ...PLAIN_NAMES, asPublished: true },
  readModels: (body) => readOpenAiList(body, () => ({ resident: true })),
  detect: detectByOwner('lmdeploy'),
});
