import { PLAIN_NAMES } from '@olla/core/catalog/names/name-rules';
import { defineProfile } from '../define-profile.ts';
import { parseJson } from '../reading/json.ts';
import { looksLikeModelList } from '../reading/model-list.ts';

export const dockerModelRunner = defineProfile({
  type: 'docker-model-runner',
  label: 'Docker Model Runner',
  prefixes: ['dmr'],
  defaultPorts: [12434],
  healthPath: '/engines/v1/models',
  modelsPath: '/engines/v1/models',
  openAiBase: '/engines',
  anthropic: {
    messagesPath: '/anthropic/v1/messages',
    since: null,
    countTokensPath: '/anthropic/v1/messages/count_tokens',
  },
  nativePaths: ['/engines', '/models', '/anthropic'],
  defaultConcurrency: 8,
  names: { ...PLAIN_NAMES, shortNames: 'own' },
  detect: {
    paths: ['/engines/v1/models'],
    matches: (responses) => {
      const response = responses.get('/engines/v1/models');
      return response?.status === 200 && looksLikeModelList(parseJson(response.body));
    },
  },
});
