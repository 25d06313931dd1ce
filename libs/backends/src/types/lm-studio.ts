import { PLAIN_NAMES } from '@olla/core/catalog/names/name-rules';
import { jsonPath } from '../api-path.ts';
import { defineProfile } from '../define-profile.ts';
import { openAiListings } from '../listings/fleet-listing.ts';
import { asList, asRecord, parseJson } from '../reading/json.ts';
import { renderV0List, renderV0Model, renderV1List, renderV1Model } from '../listings/lm-studio.ts';
import { addV1Models, readModels } from '../reading/lm-studio.ts';

export const lmStudio = defineProfile({
  type: 'lm-studio',
  label: 'LM Studio',
  contractName: 'lmstudio',
  versionName: 'lm_studio',
  prefixes: ['lmstudio', 'lm-studio', 'lm_studio'],
  defaultPorts: [1234],
  healthPath: '/v1/models',
  modelsPath: '/api/v0/models',
  modelsFallbackPaths: ['/api/v1/models', '/v1/models'],
  furtherList: { path: '/api/v1/models', merge: addV1Models },
  anthropic: { messagesPath: '/v1/messages', since: '0.4.1', countTokensPath: null },
  nativePaths: ['/api/v0', '/api/v1'],
  apiPaths: [
    jsonPath('/api/v0/chat/completions'),
    jsonPath('/api/v0/completions'),
    jsonPath('/api/v0/embeddings'),
    jsonPath('/api/v1/models/load'),
    jsonPath('/api/v1/models/unload', { nameField: 'instance_id', unloads: 'always' }),
    jsonPath('/api/v1/models/download', { management: 'adds' }),
  ],
  usePaths: [
    'GET /api/v0/models',
    'GET /api/v0/models/**',
    'POST /api/v0/chat/completions',
    'POST /api/v0/completions',
    'POST /api/v0/embeddings',
    'GET /api/v1/models',
    'GET /api/v1/models/**',
    'POST /api/v1/chat',
  ],
  managementPaths: [
    'POST /api/v1/models/load',
    'POST /api/v1/models/unload',
    'POST /api/v1/models/download',
    'DELETE /api/v1/models/**',
  ],
  defaultConcurrency: 1,
  // Names of its catalog begin with the maker; its other names are those of files.
  names: { ...PLAIN_NAMES, shortNames: 'published' },
  listings: [
    { path: '/api/v0/models', list: ({ models }) => renderV0List(models()), entry: renderV0Model },
    { path: '/api/v1/models', list: ({ models }) => renderV1List(models()), entry: renderV1Model },
    ...openAiListings(''),
  ],
  modelsFormat: ({ native }) => renderV0List(native()),
  unloadedWord: 'not-loaded',
  readModels,
  detect: {
    paths: ['/api/v0/models', '/api/v1/models'],
    matches: (responses) => {
      const listAt = (path: string, field: string): unknown => {
        const response = responses.get(path);
        return response?.status === 200 ? asRecord(parseJson(response.body))[field] : undefined;
      };
      const v0 = listAt('/api/v0/models', 'data');
      if (Array.isArray(v0)) return asList(v0).every((entry) => 'state' in asRecord(entry));
      const v1 = asList(listAt('/api/v1/models', 'models'));
      return (
        v1.length > 0 &&
        v1.every((entry) => 'key' in asRecord(entry) && 'loaded_instances' in asRecord(entry))
      );
    },
  },
});
