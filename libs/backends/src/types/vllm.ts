import { PLAIN_NAMES } from '@olla/core/catalog/names/name-rules';
import { defineProfile } from '../define-profile.ts';
import { namedFromListed, namedFromNative, vllmList, vllmModel } from '../listings/openai.ts';
import type { SignalReading } from '../profile.ts';
import { asRecord, asText, parseJson } from '../reading/json.ts';
import { listIsOwnedBy, parseOpenAiList } from '../reading/openai-list.ts';
import { maxMetric, sumMetric } from '../reading/prometheus.ts';

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
  defaultConcurrency: 100,
  names: { ...PLAIN_NAMES, asPublished: true },
  // A vLLM process holds the models it lists for as long as it lives.
  parseModels: (body) => parseOpenAiList(body, () => ({ resident: true })),
  listings: [
    {
      path: '/v1/models',
      list: ({ models }) => vllmList(models().map(namedFromNative)),
      entry: (model) => vllmModel(namedFromNative(model)),
    },
  ],
  modelsFormat: ({ listed }) => vllmList(listed().map(namedFromListed)),
  signals: [
    { path: '/metrics', everyMs: 1_000, parse: parseMetrics },
    {
      path: '/version',
      everyMs: 60_000,
      parse: (body) => {
        const serverVersion = asText(asRecord(parseJson(body))['version']);
        return serverVersion === null ? null : { serverVersion };
      },
    },
  ],
  detect: {
    paths: ['/v1/models'],
    matches: (answers) => listIsOwnedBy(parseJson(answers.get('/v1/models')?.body ?? ''), 'vllm'),
  },
});

function parseMetrics(text: string): SignalReading | null {
  const running = sumMetric(text, 'vllm:num_requests_running');
  const queued = sumMetric(text, 'vllm:num_requests_waiting');
  const kvUsage = maxMetric(text, 'vllm:kv_cache_usage_perc', 'vllm:gpu_cache_usage_perc');
  if (running === undefined && queued === undefined) return null;
  return {
    ...(running === undefined ? {} : { running }),
    ...(queued === undefined ? {} : { queued }),
    ...(kvUsage === undefined ? {} : { kvUsage: Math.min(Math.max(kvUsage, 0), 1) }),
  };
}
