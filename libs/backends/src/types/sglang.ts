import { PLAIN_NAMES } from '@olla/core/catalog/names/name-rules';
import { defineProfile } from '../define-profile.ts';
import type { SignalReading } from '../profile.ts';
import { asRecord, asText, parseJson } from '../reading/json.ts';
import { listIsOwnedBy, parseOpenAiList } from '../reading/openai-list.ts';
import { maxMetric, sumMetric } from '../reading/prometheus.ts';

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
  parseModels: (body) => parseOpenAiList(body, () => ({ resident: true })),
  signals: [
    { path: '/metrics', everyMs: 1_000, parse: parseMetrics },
    {
      path: '/get_server_info',
      everyMs: 60_000,
      parse: (body) => {
        const serverVersion = asText(asRecord(parseJson(body))['version']);
        return serverVersion === null ? null : { serverVersion };
      },
    },
  ],
  detect: {
    paths: ['/v1/models', '/get_model_info'],
    matches: (answers) => {
      if (listIsOwnedBy(parseJson(answers.get('/v1/models')?.body ?? ''), 'sglang')) return true;
      const info = answers.get('/get_model_info');
      return info?.status === 200 && 'is_generation' in asRecord(parseJson(info.body));
    },
  },
});

function parseMetrics(text: string): SignalReading | null {
  const running = sumMetric(text, 'sglang:num_running_reqs');
  const queued = sumMetric(text, 'sglang:num_queue_reqs');
  const kvUsage = maxMetric(text, 'sglang:token_usage');
  if (running === undefined && queued === undefined) return null;
  return {
    ...(running === undefined ? {} : { running }),
    ...(queued === undefined ? {} : { queued }),
    ...(kvUsage === undefined ? {} : { kvUsage: Math.min(Math.max(kvUsage, 0), 1) }),
  };
}
