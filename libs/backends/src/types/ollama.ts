import type { EndpointModel, ModelKind } from '@olla/core/snapshot';
import { jsonPath } from '../api-path.ts';
import { defineProfile } from '../define-profile.ts';
import { openAiListings } from '../listings/fleet-listing.ts';
import { ollamaPs, ollamaTags, ollamaVersion } from '../listings/ollama.ts';
import type { ResidentModel } from '../profile.ts';
import {
  asCount,
  asList,
  asPositive,
  asRecord,
  asText,
  asTexts,
  asTime,
  isRecord,
  parseJson,
} from '../reading/json.ts';
import type { JsonRecord } from '../reading/json.ts';
import { kindOfCapabilities, newModel, uniqueModels } from '../reading/model.ts';
import { versionSignal } from '../reading/version.ts';

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
    jsonPath('/api/chat'),
    jsonPath('/api/generate'),
    jsonPath('/api/embed'),
    jsonPath('/api/embeddings'),
    jsonPath('/api/show', { nameField: 'name' }),
    jsonPath('/api/pull', { nameField: 'name', management: 'adds' }),
    jsonPath('/api/push', { nameField: 'name', management: 'changes' }),
    jsonPath('/api/create', { nameField: 'name', baseField: 'from', management: 'adds' }),
    jsonPath('/api/copy', { nameField: 'source', management: 'changes' }),
    jsonPath('/api/delete', { nameField: 'name', management: 'changes' }),
    { path: '/api/blobs/', body: 'file', nameField: null, baseField: null, management: 'adds' },
  ],
  defaultConcurrency: 1,
  names: { shortNames: 'own', textMeansBase: true, asPublished: false, preferredAsId: true },
  parseModels: parseTags,
  isModelList: (body) => isRecord(body) && (Array.isArray(body['models']) || body['models'] === null),
  listings: [
    { path: '/api/tags', list: ({ models }) => ollamaTags(models()), entry: null },
    { path: '/api/ps', list: ({ models }) => ollamaPs(models()), entry: null },
    { path: '/api/version', list: ({ endpoints }) => ollamaVersion(endpoints()), entry: null },
    ...openAiListings(''),
  ],
  modelsFormat: ({ native }) => ollamaTags(native()),
  signals: [
    { path: '/api/ps', everyMs: 1_000, parse: (body) => parsePs(parseJson(body)) },
    versionSignal('/api/version'),
  ],
  details: {
    path: '/api/show',
    requestBody: (name) => JSON.stringify({ model: name }),
    // The list leaves out `tools` even where it names capabilities, so only `show` completes them.
    wanted: () => true,
    merge: mergeShow,
  },
  detect: {
    paths: ['/', '/api/version', '/api/tags'],
    matches: (responses) => {
      if (responses.get('/')?.body.trim() === 'Ollama is running') return true;
      const tags = responses.get('/api/tags');
      const version = responses.get('/api/version');
      return (
        tags?.status === 200 &&
        version?.status === 200 &&
        Array.isArray(asRecord(parseJson(tags.body))['models']) &&
        asText(asRecord(parseJson(version.body))['version']) !== null
      );
    },
  },
});

function parseTags(body: unknown): EndpointModel[] {
  const models: EndpointModel[] = [];
  for (const value of asList(asRecord(body)['models'])) {
    const entry = asRecord(value);
    const name = asText(entry['name']) ?? asText(entry['model']);
    if (name === null) continue;
    const details = asRecord(entry['details']);
    const capabilities = asTexts(entry['capabilities']);
    models.push(
      newModel(name, {
        kind: kindOf(capabilities, details),
        sizeBytes: asCount(entry['size']),
        family: asText(details['family']),
        parameterSize: asText(details['parameter_size']),
        quantization: knownText(details['quantization_level']),
        format: asText(details['format']),
        contextLength: asPositive(details['context_length']),
        digest: asText(entry['digest']),
        capabilities,
        modifiedAt: asTime(entry['modified_at']),
      }),
    );
  }
  return uniqueModels(models);
}

function parsePs(body: unknown): { resident: Map<string, ResidentModel> } | null {
  if (!isRecord(body) || !(Array.isArray(body['models']) || body['models'] === null)) return null;
  const resident = new Map<string, ResidentModel>();
  for (const value of asList(body['models'])) {
    const entry = asRecord(value);
    const name = asText(entry['name']) ?? asText(entry['model']);
    if (name === null) continue;
    resident.set(name, {
      until: asTime(entry['expires_at']),
      loadedAs: {
        memoryBytes: asCount(entry['size']),
        vramBytes: asCount(entry['size_vram']),
        contextLength: asPositive(entry['context_length']),
      },
    });
  }
  return { resident };
}

function mergeShow(model: EndpointModel, body: unknown): EndpointModel {
  const shown = asRecord(body);
  const capabilities = asTexts(shown['capabilities']);
  const info = asRecord(shown['model_info']);
  const architecture = asText(info['general.architecture']);
  const contextLength = architecture === null ? null : asPositive(info[`${architecture}.context_length`]);
  const all = [...new Set([...model.capabilities, ...capabilities])].sort();
  const kind = kindOf(all, asRecord(shown['details']));
  return {
    ...model,
    capabilities: all,
    kind: kind === 'unknown' ? model.kind : kind,
    contextLength: model.contextLength ?? contextLength,
  };
}

function kindOf(capabilities: readonly string[], details: JsonRecord): ModelKind {
  const told = kindOfCapabilities(capabilities);
  if (told !== 'unknown') return told;
  const families = [...asTexts(details['families']), asText(details['family']) ?? ''];
  if (families.some((family) => family === 'clip' || family === 'mllama')) return 'vlm';
  return families.some((family) => /(^|-)bert$/.test(family)) ? 'embeddings' : 'unknown';
}

function knownText(value: unknown): string | null {
  const text = asText(value);
  return text === 'unknown' ? null : text;
}
