import { ANY_CASE_RULES } from '@olla/core/body/read-model';
import { PLAIN_NAMES } from '@olla/core/catalog/names/name-rules';
import { defineProfile } from '../define-profile.ts';
import { renderDockerList, renderDockerModel } from '../listings/docker-list.ts';
import { openAiListings } from '../listings/fleet-listing.ts';
import { behindBase, OPENAI_USE } from '../openai-paths.ts';
import { addDockerList } from '../reading/docker-list.ts';
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
  usePaths: [
    ...['/engines/*', '/engines'].flatMap((base) => behindBase(base, OPENAI_USE)),
    'POST /engines/rerank',
    'POST /engines/*/rerank',
    'POST /engines/score',
    'POST /engines/*/score',
    'POST /responses',
    'POST /engines/responses',
    'POST /anthropic/v1/messages',
    'POST /anthropic/v1/messages/count_tokens',
    'GET /models',
    'GET /models/**',
    'GET /engines/status',
    'GET /engines/ps',
    'GET /engines/df',
    'GET /version',
  ],
  managementPaths: [
    'POST /models/create',
    'POST /models/load',
    'POST,DELETE /models/purge',
    'DELETE /models/**',
    'POST /models/**/tag',
    'POST /models/**/push',
    'POST /models/**/repackage',
    'POST /engines/unload',
    'POST /engines/*/unload',
    'POST /engines/_configure',
    'POST /engines/*/_configure',
    'POST /engines/install-backend',
    'POST /engines/uninstall-backend',
  ],
  furtherList: { path: '/models', merge: addDockerList },
  listings: [
    { path: '/models', list: ({ models }) => renderDockerList(models()), entry: renderDockerModel },
    ...openAiListings('/engines', '/engines/llama.cpp/v1/models', '/engines/vllm/v1/models'),
  ],
  defaultConcurrency: 8,
  // The server is written in Go.
  modelRules: ANY_CASE_RULES,
  names: { ...PLAIN_NAMES, shortNames: 'own' },
  detect: {
    paths: ['/engines/v1/models'],
    matches: (responses) => {
      const response = responses.get('/engines/v1/models');
      return response?.status === 200 && looksLikeModelList(parseJson(response.body));
    },
  },
});
