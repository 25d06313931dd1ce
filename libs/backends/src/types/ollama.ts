import type { EndpointModel, ModelKind } from '@olla/core/snapshot';
import { jsonPath } from '../api-path.ts';
import { defineProfile } from '../define-profile.ts';
import { openAiListings } from '../listings/fleet-listing.ts';
import { ifKnown } from '../listings/if-known.ts';
import type { ListedEndpoint } from '../listings/listing-source.ts';
import type { NativeModel, PlacedModel } from '../listings/select-models.ts';
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
  type JsonRecord,
} from '../reading/json.ts';
import { kindOfCapabilities, newModel, uniqueModels } from '../reading/model.ts';
import { compareVersionTexts, versionSignal } from '../reading/version.ts';

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
    jsonPath('/api/pull', { nameField: 'name', management: 'adds', effect: 'adds' }),
    jsonPath('/api/push', { nameField: 'name', management: 'changes' }),
    jsonPath('/api/create', { nameField: 'name', baseField: 'from', management: 'adds', effect: 'adds' }),
    jsonPath('/api/copy', { nameField: 'source', management: 'changes', effect: 'copies' }),
    jsonPath('/api/delete', { nameField: 'name', management: 'changes', effect: 'removes' }),
    {
      path: '/api/blobs/',
      body: 'file',
      nameField: null,
      baseField: null,
      management: 'adds',
      effect: null,
    },
  ],
  defaultConcurrency: 1,
  names: { shortNames: 'own', textMeansBase: true, asPublished: false, preferredAsId: true },
  parseModels: parseTags,
  isModelList: (body) => isRecord(body) && (Array.isArray(body['models']) || body['models'] === null),
  listings: [
    { path: '/api/tags', list: ({ models }) => renderTags(models()), entry: null },
    { path: '/api/ps', list: ({ models }) => renderPs(models()), entry: null },
    { path: '/api/version', list: ({ endpoints }) => renderVersion(endpoints()), entry: null },
    ...openAiListings(''),
  ],
  modelsFormat: ({ native }) => renderTags(native()),
  signals: [
    { path: '/api/ps', everyMs: 1_000, parse: (body) => parsePs(parseJson(body)) },
    versionSignal('/api/version'),
  ],
  details: {
    path: '/api/show',
    requestBody: (name) => JSON.stringify({ model: name }),
    // The list may name capabilities without `tools`; only `show` has them all.
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

/** Ollama's `GET /api/tags`, newest first as Ollama has it. */
function renderTags(models: readonly NativeModel[]): object {
  const entries = models.map(({ name, places }) => ({ name, model: newest(places).model }));
  entries.sort((a, b) => (b.model.modifiedAt ?? 0) - (a.model.modifiedAt ?? 0) || (a.name < b.name ? -1 : 1));
  return {
    models: entries.map(({ name, model }) => ({
      name,
      model: name,
      ...(model.modifiedAt === null ? {} : { modified_at: new Date(model.modifiedAt).toISOString() }),
      ...ifKnown('size', model.sizeBytes),
      ...ifKnown('digest', model.digest),
      details: {
        ...detailsOf(model),
        ...ifKnown('context_length', model.contextLength),
      },
      ...(model.capabilities.length === 0 ? {} : { capabilities: model.capabilities }),
    })),
  };
}

/** Ollama's `GET /api/ps`: each model that some endpoint has in memory, with the latest of the times it stays there. */
function renderPs(models: readonly NativeModel[]): object {
  const running = [];
  for (const { name, places } of models) {
    const held = places.filter((place) => place.model.resident === true);
    const until = Math.max(0, ...held.map((place) => place.model.residentUntil ?? 0));
    const first = held[0];
    if (first === undefined) continue;
    const { model } = first;
    running.push({
      name,
      model: name,
      ...ifKnown('size', model.loadedAs?.memoryBytes),
      ...ifKnown('digest', model.digest),
      details: detailsOf(model),
      ...(until === 0 ? {} : { expires_at: new Date(until).toISOString() }),
      ...ifKnown('size_vram', model.loadedAs?.vramBytes),
      ...ifKnown('context_length', model.loadedAs?.contextLength),
      endpoints: held.map((place) => place.endpoint),
    });
  }
  return { models: running };
}

/**
 * Ollama's `GET /api/version`: the lowest version of the endpoints, so that clients use nothing that one of them lacks.
 * `0.0.0` if none tells its version.
 */
function renderVersion(endpoints: readonly ListedEndpoint[]): object {
  const versions = endpoints
    .map(({ probed }) => probed?.serverVersion ?? null)
    .filter((version) => version !== null);
  const lowest = versions.reduce<string | null>(
    (low, version) => (low === null || compareVersionTexts(version, low) < 0 ? version : low),
    null,
  );
  return { version: lowest ?? '0.0.0' };
}

function detailsOf({ format, family, parameterSize, quantization }: EndpointModel): object {
  return {
    parent_model: '',
    format: format ?? '',
    family: family ?? '',
    families: family === null ? null : [family],
    parameter_size: parameterSize ?? '',
    quantization_level: quantization ?? '',
  };
}

function newest(places: readonly PlacedModel[]): PlacedModel {
  const [first, ...others] = places;
  if (first === undefined) throw new RangeError('a listed model has at least one place');
  return others.reduce(
    (best, place) => ((place.model.modifiedAt ?? 0) > (best.model.modifiedAt ?? 0) ? place : best),
    first,
  );
}
