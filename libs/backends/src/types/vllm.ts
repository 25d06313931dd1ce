import { PLAIN_NAMES } from '@olla/core/catalog/names/name-rules';
import { defineProfile } from '../define-profile.ts';
import { namedFromListed, namedFromNative, type NamedModel } from '../listings/openai.ts';
import { detectByOwner, readOpenAiList } from '../reading/openai-list.ts';
import { readLoad, type LoadMetrics } from '../reading/prometheus.ts';
import { versionSignal } from '../reading/version.ts';
import type { SignalReading } from '../profile.ts';
import { asRecord, asText, parseJson } from '../reading/json.ts';

const LOAD: LoadMetrics = {
  running: 'vllm:num_requests_running',
  queued: 'vllm:num_requests_waiting',
  // The second is its name in older versions.
  kvUsage: ['vllm:kv_cache_usage_perc', 'vllm:gpu_cache_usage_perc'],
};

export const vllm = defineProfile({
  type: 'vllm',
  label: 'vLLM',
  prefixes: ['vllm'],
  defaultPorts: [8000],
  healthPath: '/health',
  modelsPath: '/v1/models',
  anthropic: { messagesPath: '/v1/messages', since: '0.11.1', countTokensPath: null },
  nativePaths: [
    '/tokenize',
    '/detokenize',
    '/rerank',
    '/score',
    '/pooling',
    '/classify',
    '/version',
    '/metrics',
    '/health',
    '/ping',
    '/invocations',
  ],
  usePaths: [
    'POST /tokenize',
    'POST /detokenize',
    'POST /rerank',
    'POST /v2/rerank',
    'POST /score',
    'POST /pooling',
    'POST /classify',
    'POST /invocations',
    'POST /inference/v1/generate',
    'GET /version',
    'GET /load',
    'GET /tokenizer_info',
    'GET /is_sleeping',
    'GET /is_paused',
    'GET /health',
    'GET,POST /ping',
    'GET /metrics',
  ],
  managementPaths: [
    '/sleep',
    '/wake_up',
    '/pause',
    '/resume',
    '/reset_prefix_cache',
    '/reset_mm_cache',
    '/reset_encoder_cache',
    '/collective_rpc',
    '/v1/load_lora_adapter',
    '/v1/unload_lora_adapter',
    '/init_weight_transfer_engine',
    '/start_weight_update',
    '/start_draft_weight_update',
    '/update_weights',
    '/finish_weight_update',
    '/update_weight_version',
    '/weight_checker',
    '/abort_requests',
    '/scale_elastic_ep',
    'POST /fault_tolerance/**',
    '/start_profile',
    '/stop_profile',
  ],
  defaultConcurrency: 100,
  names: { ...PLAIN_NAMES, asPublished: true },
  // vLLM keeps the models that it lists in memory.
  readModels: (body) => readOpenAiList(body, () => ({ resident: true })),
  listings: [
    {
      path: '/v1/models',
      list: ({ models }) => renderList(models().map(namedFromNative)),
      entry: (model) => renderModel(namedFromNative(model)),
    },
  ],
  modelsFormat: ({ listed }) => renderList(listed().map(namedFromListed)),
  signals: [
    { path: '/metrics', everyMs: 1_000, parse: (text) => readLoad(text, LOAD) },
    versionSignal('/version'),
    // Only servers in development mode have this path.
    { path: '/is_sleeping', everyMs: 10_000, parse: (body) => parseSleep(parseJson(body)) },
  ],
  detect: detectByOwner('vllm'),
});

function parseSleep(body: unknown): SignalReading | null {
  const sleeping = asRecord(body)['is_sleeping'];
  return typeof sleeping === 'boolean' ? { sleeping } : null;
}

/** vLLM's list: OpenAI's with the context length and the permissions that its clients read. */
function renderList(models: readonly NamedModel[]): object {
  return { object: 'list', data: models.map(renderModel) };
}

function renderModel({ id, created, contextLength, more }: NamedModel): object {
  const slash = id.indexOf('/');
  return {
    ...more,
    id,
    object: 'model',
    created,
    owned_by: slash > 0 ? id.slice(0, slash) : 'vllm',
    root: id,
    // For an adapter: the model that it adapts.
    parent: asText(more['parent']),
    ...(contextLength === null ? {} : { max_model_len: contextLength }),
    permission: [
      {
        id: `modelperm-olla-${id.replaceAll('/', '-')}`,
        object: 'model_permission',
        created,
        allow_create_engine: false,
        allow_sampling: true,
        allow_logprobs: true,
        allow_search_indices: false,
        allow_view: true,
        allow_fine_tuning: false,
        organization: '*',
        group: null,
        is_blocking: false,
      },
    ],
  };
}
