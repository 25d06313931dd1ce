import { PLAIN_NAMES } from '@olla/core/catalog/names/name-rules';
import { defineProfile } from '../define-profile.ts';
import { asRecord, parseJson } from '../reading/json.ts';
import { listIsOwnedBy, readOpenAiList } from '../reading/openai-list.ts';
import { readLoad, type LoadMetrics } from '../reading/prometheus.ts';
import { versionSignal } from '../reading/version.ts';

const LOAD: LoadMetrics = {
  running: 'sglang:num_running_reqs',
  queued: 'sglang:num_queue_reqs',
  kvUsage: ['sglang:token_usage'],
};

export const sglang = defineProfile({
  type: 'sglang',
  label: 'SGLang',
  prefixes: ['sglang'],
  defaultPorts: [30000],
  healthPath: '/health',
  modelsPath: '/v1/models',
  nativePaths: [
    '/generate',
    '/get_model_info',
    '/get_server_info',
    '/server_info',
    '/model_info',
    '/flush_cache',
    '/encode',
    '/classify',
    '/health',
    '/health_generate',
    '/metrics',
  ],
  defaultConcurrency: 150,
  names: { ...PLAIN_NAMES, asPublished: true },
  readModels: (body) => readOpenAiList(body, () => ({ resident: true })),
  signals: [
    { path: '/metrics', everyMs: 1_000, parse: (text) => readLoad(text, LOAD) },
    versionSignal('/get_server_info'),
  ],
  detect: {
    paths: ['/v1/models', '/get_model_info'],
    matches: (responses) => {
      if (listIsOwnedBy(parseJson(responses.get('/v1/models')?.body ?? ''), 'sglang')) return true;
      const info = responses.get('/get_model_info');
      return info?.status === 200 && 'is_generation' in asRecord(parseJson(info.body));
    },
  },
});
