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
  defaultConcurrency: 100,
  names: { ...PLAIN_NAMES, asPublished: true },
  readModels: (body) => readOpenAiList(body, () => ({ resident: true })),
  detect: detectByOwner('lmdeploy'),
});
