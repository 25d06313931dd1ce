import { PLAIN_RULES } from '@olla/core/body/read-model';
import type { EndpointModel, ModelKind } from '@olla/core/snapshot';
import { jsonPath } from '../api-path.ts';
import { defineProfile } from '../define-profile.ts';
import { openAiListings, type FleetListing } from '../listings/fleet-listing.ts';
import { namedFromNative, openAiList, openAiModel, type NamedModel } from '../listings/openai.ts';
import type { NativeModel } from '../listings/select-models.ts';
import { OPENAI_USE, withAndWithoutVersion } from '../openai-paths.ts';
import type { HealthVerdict, ProbeResponse, SignalReading } from '../profile.ts';
import { checkStatus, errorText } from '../reading/health.ts';
import {
  asCount,
  asList,
  asPositive,
  asRecord,
  asText,
  asTexts,
  isRecord,
  parseJson,
  type JsonRecord,
} from '../reading/json.ts';
import { passedOn } from '../reading/passed-on.ts';
import type { ModelList } from '../reading/model-list.ts';
import { formatParameterCount, kindOfCapabilities } from '../reading/model.ts';
import { listIsOwnedBy, readOpenAiList } from '../reading/openai-list.ts';
import { readLoad, type LoadMetrics } from '../reading/prometheus.ts';

/**
 * llama-server notices that the client of a request without streaming has left only after a second without any result.
 * A response of `/slots` or `/metrics` counts as one: read more often, they keep abandoned requests running to the end.
 */
const LOAD_EVERY_MS = 2_500;

const LOAD: LoadMetrics = {
  running: 'llamacpp:requests_processing',
  queued: 'llamacpp:requests_deferred',
};

export const llamacpp = defineProfile({
  type: 'llamacpp',
  label: 'llama.cpp',
  prefixes: ['llamacpp', 'llama-cpp', 'llama_cpp'],
  defaultPorts: [8080],
  healthPath: '/health',
  modelsPath: '/v1/models',
  anthropic: { messagesPath: '/v1/messages', since: 'b4847', countTokensPath: '/v1/messages/count_tokens' },
  nativePaths: [
    '/completion',
    '/completions',
    '/chat/completions',
    '/infill',
    '/tokenize',
    '/detokenize',
    '/embedding',
    '/embeddings',
    '/apply-template',
    '/slots',
    '/props',
    '/metrics',
    '/rerank',
    '/reranking',
    '/lora-adapters',
    '/health',
    '/models',
  ],
  apiPaths: [jsonPath('/models/load'), jsonPath('/models/unload', { unloads: 'always' })],
  usePaths: [
    ...withAndWithoutVersion(OPENAI_USE),
    'POST /completion',
    'POST /infill',
    'POST /embedding',
    'POST /apply-template',
    'GET /props',
    'GET /slots',
    'GET /lora-adapters',
    'GET /v1/stream/*',
    'GET /health',
    'GET /v1/health',
    'GET /metrics',
  ],
  managementPaths: [
    'POST /props',
    'POST /slots',
    'POST /slots/**',
    'POST /lora-adapters',
    'POST,DELETE /models',
    'POST /models/load',
    'POST /models/unload',
    'DELETE /v1/stream/*',
    'POST /tools',
    '/cors-proxy',
  ],
  defaultConcurrency: 4,
  // A server that runs as a router passes a GET such as `/props?model=` on to the model's own process.
  modelRules: { ...PLAIN_RULES, query: 'without_body' },
  // The server completes a request with this header even if the client has left.
  requestHeaders: { drop: new Set(['x-conversation-id']) },
  checkHealth,
  readModels,
  listings: openAiListings('', '/models').map(asLlamaServer),
  modelsFormat: ({ native }) => openAiList(native().map(named)),
  signals: [
    { path: '/metrics', everyMs: LOAD_EVERY_MS, wakes: true, parse: (text) => readLoad(text, LOAD) },
    { path: '/slots', everyMs: LOAD_EVERY_MS, wakes: true, parse: (body) => parseSlots(parseJson(body)) },
    { path: '/props', everyMs: 30_000, parse: (body) => parseProps(parseJson(body)) },
  ],
  detect: {
    paths: ['/props', '/v1/models'],
    matches: (responses) => {
      const props = responses.get('/props');
      if (props?.status === 200 && asPositive(asRecord(parseJson(props.body))['total_slots']) !== null)
        return true;
      const models = responses.get('/v1/models');
      return (
        models?.headers['server'] === 'llama.cpp' || listIsOwnedBy(parseJson(models?.body ?? ''), 'llamacpp')
      );
    },
  },
});

function checkHealth(response: ProbeResponse): HealthVerdict {
  if (response.status === 503 && errorText(response.body) === 'Loading model') {
    return { ok: false, state: 'unhealthy', reason: 'is still loading its model' };
  }
  return checkStatus(response);
}

/** Its list is OpenAI's and Ollama's in one, and the second has the abilities of a model. */
function readModels(body: unknown): ModelList {
  const abilities = new Map<string, string[]>();
  for (const value of asList(asRecord(body)['models'])) {
    const entry = asRecord(value);
    const name = asText(entry['name']) ?? asText(entry['model']);
    if (name !== null) abilities.set(name, asTexts(entry['capabilities']));
  }
  return readOpenAiList(body, (entry) => {
    const capabilities = abilities.get(asText(entry['id']) ?? '') ?? asTexts(entry['capabilities']);
    return { ...tellModel(entry), capabilities, kind: kindOf(entry, capabilities) };
  });
}

function kindOf(entry: JsonRecord, capabilities: readonly string[]): ModelKind {
  const readsImages = asTexts(asRecord(entry['architecture'])['input_modalities']).includes('image');
  return readsImages ? 'vlm' : kindOfCapabilities(capabilities);
}

function tellModel(entry: JsonRecord): Partial<EndpointModel> {
  const meta = asRecord(entry['meta']);
  // A server that runs as a router also lists files and reports whether each is loaded.
  const status = asText(asRecord(entry['status'])['value']);
  return {
    resident: status === null ? true : status === 'loaded',
    contextLength: asPositive(meta['n_ctx']) ?? asPositive(meta['n_ctx_train']),
    sizeBytes: asPositive(meta['size']),
    parameterSize: formatParameterCount(asPositive(meta['n_params'])),
    quantization: asText(meta['ftype']),
    format: 'gguf',
    openAiFields: passedOn(entry, (field) => LISTED_FIELDS.has(field)),
  };
}

const LISTED_FIELDS: ReadonlySet<string> = new Set(['aliases', 'tags', 'meta', 'architecture']);

/** llama-server's list has the same models in Ollama's form too, and `meta.n_ctx` in each entry of OpenAI's. */
function asLlamaServer({ path, entry }: FleetListing): FleetListing {
  return {
    path,
    list: (serving) => {
      const models = serving.models();
      return { models: models.map(ollamaEntry), ...openAiList(models.map(named)) };
    },
    entry: entry === null ? null : (model) => openAiModel(named(model)),
  };
}

/** Older versions report the context of requests only in `/props`. */
function named(native: NativeModel): NamedModel {
  const model = namedFromNative(native);
  if (model.contextLength === null) return model;
  const meta = { ...asRecord(model.more['meta']), n_ctx: model.contextLength };
  return { ...model, more: { ...model.more, meta } };
}

function ollamaEntry({ name, model, places }: NativeModel): object {
  const capabilities = [...new Set(places.flatMap((place) => place.model.capabilities))];
  return {
    name,
    model: name,
    type: 'model',
    capabilities: capabilities.length === 0 ? ['completion'] : capabilities,
    details: {
      parent_model: '',
      format: model.format ?? '',
      family: model.family ?? '',
      families: [model.family ?? ''],
      parameter_size: places[0]?.model.parameterSize ?? '',
      quantization_level: places[0]?.model.quantization ?? '',
    },
  };
}

function parseSlots(body: unknown): SignalReading | null {
  if (!Array.isArray(body) || body.length === 0 || body.length > 4_096) return null;
  const slots = body.map(asRecord);
  const running = slots.filter(
    (slot) => slot['is_processing'] === true || asCount(slot['state']) === 1,
  ).length;
  return { slots: slots.length, running };
}

function parseProps(body: unknown): SignalReading | null {
  if (!isRecord(body)) return null;
  const slots = asPositive(body['total_slots']);
  const contextLength = asPositive(asRecord(body['default_generation_settings'])['n_ctx']);
  const serverVersion = asText(body['build_info']);
  const sleeping = body['is_sleeping'];
  return {
    ...(slots === null ? {} : { slots }),
    ...(contextLength === null ? {} : { contextLength }),
    ...(serverVersion === null ? {} : { serverVersion }),
    ...(typeof sleeping === 'boolean' ? { sleeping } : {}),
  };
}
