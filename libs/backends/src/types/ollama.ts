import { ANY_CASE_RULES } from '@olla/core/body/read-model';
import { jsonPath } from '../api-path.ts';
import { defineProfile } from '../define-profile.ts';
import { openAiListings } from '../listings/fleet-listing.ts';
import { renderPs, renderTags, renderVersion } from '../listings/ollama.ts';
import { asRecord, asText, parseJson } from '../reading/json.ts';
import { addShown, readPs, readTags } from '../reading/ollama.ts';
import { versionSignal } from '../reading/version.ts';

const ROOT = 'Ollama is running';

const BLOBS = '/api/blobs/';

export const ollama = defineProfile({
  type: 'ollama',
  label: 'Ollama',
  prefixes: ['ollama'],
  defaultPorts: [11434],
  healthPath: '/',
  modelsPath: '/api/tags',
  anthropic: { messagesPath: '/v1/messages', since: '0.14.0', countTokensPath: null },
  nativePaths: ['/api'],
  apiPaths: [
    jsonPath('/api/chat', { unloads: 'by_keep_alive' }),
    jsonPath('/api/generate', { unloads: 'by_keep_alive' }),
    jsonPath('/api/embed'),
    jsonPath('/api/embeddings'),
    jsonPath('/api/show', { nameField: 'name' }),
    jsonPath('/api/pull', { nameField: 'name', management: 'adds', effect: 'adds' }),
    jsonPath('/api/push', { nameField: 'name', management: 'changes' }),
    jsonPath('/api/create', {
      nameField: 'name',
      baseField: 'from',
      files: { fields: ['files', 'adapters', 'draft_files'], path: BLOBS },
      management: 'adds',
      effect: 'adds',
    }),
    jsonPath('/api/copy', { nameField: 'source', management: 'changes', effect: 'copies' }),
    jsonPath('/api/delete', { nameField: 'name', management: 'changes', effect: 'removes' }),
    {
      path: BLOBS,
      body: 'file',
      nameField: null,
      baseField: null,
      files: null,
      management: 'adds',
      effect: null,
      unloads: null,
    },
  ],
  usePaths: [
    'GET /api/version',
    'GET /api/tags',
    'GET /api/ps',
    'POST /api/show',
    'POST /api/chat',
    'POST /api/generate',
    'POST /api/embed',
    'POST /api/embeddings',
    'HEAD /api/blobs/*',
  ],
  managementPaths: [
    '/api/pull',
    '/api/push',
    '/api/create',
    '/api/copy',
    '/api/delete',
    'POST,PUT,PATCH,DELETE /api/blobs/**',
    '/api/signout',
    '/api/signin',
    '/api/me',
    '/api/user/**',
  ],
  defaultConcurrency: 1,
  modelRules: ANY_CASE_RULES,
  names: { shortNames: 'own', textMeansBase: true, asPublished: false, preferredAsId: true },
  readModels: readTags,
  listings: [
    // Clients look there first to see whether the server is up.
    { path: '/', list: ({ endpoints }) => (endpoints().length > 0 ? ROOT : null), entry: null },
    { path: '/api/tags', list: ({ models }) => renderTags(models()), entry: null },
    { path: '/api/ps', list: ({ models }) => renderPs(models()), entry: null },
    { path: '/api/version', list: ({ endpoints }) => renderVersion(endpoints()), entry: null },
    ...openAiListings(''),
  ],
  modelsFormat: ({ native }) => renderTags(native()),
  signals: [
    { path: '/api/ps', everyMs: 1_000, reportsResidents: true, parse: (body) => readPs(parseJson(body)) },
    versionSignal('/api/version'),
  ],
  details: {
    path: '/api/show',
    requestBody: (name) => JSON.stringify({ model: name }),
    // The list may name capabilities without `tools`; only `show` has all of them.
    wanted: () => true,
    merge: addShown,
  },
  detect: {
    paths: ['/', '/api/version', '/api/tags'],
    matches: (responses) => {
      if (responses.get('/')?.body.trim() === ROOT) return true;
      const tags = responses.get('/api/tags');
      const version = responses.get('/api/version');
      return (
        tags?.status === 200 &&
        version?.status === 200 &&
        readTags(parseJson(tags.body)).problem === null &&
        asText(asRecord(parseJson(version.body))['version']) !== null
      );
    },
  },
});
