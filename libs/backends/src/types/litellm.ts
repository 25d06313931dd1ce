import { defineProfile } from '../define-profile.ts';
import { openAiListings } from '../listings/fleet-listing.ts';
import { checkAccess } from '../reading/health.ts';
import { asRecord, parseJson } from '../reading/json.ts';

export const litellm = defineProfile({
  type: 'litellm',
  label: 'LiteLLM',
  prefixes: ['litellm'],
  defaultPorts: [4000],
  // `/health` would call every model behind it.
  healthPath: '/health/liveliness',
  modelsPath: '/v1/models',
  anthropic: { messagesPath: '/v1/messages', since: null, countTokensPath: null },
  nativePaths: [
    '/health',
    '/model',
    '/key',
    '/user',
    '/chat/completions',
    '/completions',
    '/embeddings',
    '/models',
    '/rerank',
  ],
  defaultConcurrency: 100,
  listings: openAiListings('', '/models'),
  checkModelsAccess: (response) => {
    // Without a database LiteLLM cannot look up a wrong key, and answers 400.
    const wrongKey =
      response.status === 400 &&
      asRecord(asRecord(parseJson(response.body))['error'])['type'] === 'no_db_connection';
    return wrongKey
      ? {
          ok: false,
          state: 'config_error',
          reason: "refused the key: check the endpoint's auth in the configuration",
        }
      : checkAccess(response);
  },
  detect: {
    paths: ['/health/liveliness'],
    matches: (responses) => {
      const response = responses.get('/health/liveliness');
      return response?.status === 200 && response.body.includes("I'm alive!");
    },
  },
});
