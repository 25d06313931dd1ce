import { PLAIN_RULES } from '@olla/core/body/read-model';
import { defineProfile } from '../define-profile.ts';
import { parseJson } from '../reading/json.ts';
import { looksLikeModelList } from '../reading/model-list.ts';

export const openAiCompatible = defineProfile({
  type: 'openai-compatible',
  label: 'OpenAI-compatible',
  typeAliases: ['openai'],
  contractName: 'openai',
  versionName: 'openai_compatible',
  prefixes: ['openai', 'openai-compatible'],
  defaultPorts: [],
  healthPath: '/v1/models',
  modelsPath: '/v1/models',
  // The server may be a service that counts requests.
  modelsChange: false,
  modelRules: { ...PLAIN_RULES, isGuess: true },
  defaultConcurrency: 20,
  detect: {
    paths: ['/v1/models'],
    matches: (responses) => {
      const response = responses.get('/v1/models');
      return response?.status === 200 && looksLikeModelList(parseJson(response.body));
    },
  },
});
