import { PLAIN_NAMES } from '@olla/core/catalog/names/name-rules';
import type { EndpointModel, ModelKind } from '@olla/core/snapshot';
import { jsonPath } from '../api-path.ts';
import { defineProfile } from '../define-profile.ts';
import { openAiListings } from '../listings/fleet-listing.ts';
import { ifKnown } from '../listings/if-known.ts';
import type { NativeModel } from '../listings/select-models.ts';
import { asList, asPositive, asRecord, asText, parseJson, type JsonRecord } from '../reading/json.ts';
import { isOpenAiList, parseOpenAiList } from '../reading/openai-list.ts';

const KINDS: ReadonlyMap<string, ModelKind> = new Map(
  Object.entries({ llm: 'llm', vlm: 'vlm', embeddings: 'embeddings' }),
);

export const lmStudio = defineProfile({
  type: 'lm-studio',
  label: 'LM Studio',
  contractName: 'lmstudio',
  versionName: 'lm_studio',
  prefixes: ['lmstudio', 'lm-studio', 'lm_studio'],
  defaultPorts: [1234],
  healthPath: '/v1/models',
  modelsPath: '/api/v0/models',
  modelsFallbackPath: '/v1/models',
  anthropic: { messagesPath: '/v1/messages', since: '0.4.1', countTokensPath: null },
  nativePaths: ['/api/v0', '/api/v1'],
  apiPaths: [
    jsonPath('/api/v0/chat/completions'),
    jsonPath('/api/v0/completions'),
    jsonPath('/api/v0/embeddings'),
  ],
  defaultConcurrency: 1,
  // Names of its catalog begin with the maker; its other names are those of files.
  names: { ...PLAIN_NAMES, shortNames: 'published' },
  listings: [
    { path: '/api/v0/models', list: ({ models }) => renderList(models()), entry: renderModel },
    ...openAiListings('/api'),
  ],
  modelsFormat: ({ native }) => renderList(native()),
  unloadedWord: 'not-loaded',
  parseModels: (body) => parseOpenAiList(body, tellModel),
  detect: {
    paths: ['/api/v0/models'],
    matches: (responses) => {
      const response = responses.get('/api/v0/models');
      const body = response?.status === 200 ? parseJson(response.body) : undefined;
      return (
        isOpenAiList(body) && asList(asRecord(body)['data']).every((entry) => 'state' in asRecord(entry))
      );
    },
  },
});

function tellModel(entry: JsonRecord): Partial<EndpointModel> {
  const state = asText(entry['state']);
  const told: Partial<EndpointModel> = {
    resident: state === null ? null : state === 'loaded',
    ...loadedWith(asPositive(entry['loaded_context_length'])),
    contextLength: asPositive(entry['max_context_length']),
    family: asText(entry['arch']),
    quantization: asText(entry['quantization']),
    format: asText(entry['compatibility_type']),
    publisher: asText(entry['publisher']),
  };
  const kind = KINDS.get(asText(entry['type']) ?? '');
  return kind === undefined ? told : { ...told, kind };
}

function loadedWith(contextLength: number | null): Partial<EndpointModel> {
  return contextLength === null ? {} : { loadedAs: { memoryBytes: null, vramBytes: null, contextLength } };
}

/** LM Studio's `GET /api/v0/models`. */
function renderList(models: readonly NativeModel[]): object {
  return { object: 'list', data: models.map(renderModel) };
}

function renderModel({ name, model, places }: NativeModel): object {
  const told = places.find((place) => place.model.quantization !== null) ?? places[0];
  const loaded = places.some((place) => place.model.resident === true);
  const native = told?.model;
  return {
    id: name,
    object: 'model',
    type: model.kind === 'unknown' ? 'llm' : model.kind,
    ...ifKnown('publisher', native?.publisher),
    ...ifKnown('arch', native?.family ?? model.family),
    ...ifKnown('compatibility_type', native?.format ?? model.format),
    ...ifKnown('quantization', native?.quantization ?? model.quantization),
    state: loaded ? 'loaded' : 'not-loaded',
    ...ifKnown('max_context_length', native?.contextLength ?? model.contextLength),
  };
}
