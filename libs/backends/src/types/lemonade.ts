import { PLAIN_NAMES } from '@olla/core/catalog/names/name-rules';
import type { EndpointModel } from '@olla/core/snapshot';
import { jsonPath } from '../api-path.ts';
import { defineProfile } from '../define-profile.ts';
import { behindBase, OPENAI_USE } from '../openai-paths.ts';
import type { PathRule } from '../path-rule.ts';
import type { ResidentModel, SignalReading } from '../profile.ts';
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
import { kindOfCapabilities } from '../reading/model.ts';
import { readOpenAiList } from '../reading/openai-list.ts';

/** Every path of the server is behind each of these. */
const API_BASES = ['/api/v1', '/api/v0', '/v1', '/v0'] as const;

const OWN_USE: readonly PathRule[] = [
  ...OPENAI_USE.map((rule) => rule.replace('/v1/', '/')),
  'POST /reranker',
  'POST /images/upscale',
  'POST /audio/generations',
  'POST /3d/generations',
  'GET /health',
  'GET /stats',
  'GET /slots',
  'GET /params',
  'GET /downloads',
  'GET /registry/search',
  'GET /pull/variants',
  'GET /system-info',
  'GET /system-stats',
];

const OWN_MANAGEMENT: readonly PathRule[] = [
  'POST /pull',
  'POST /load',
  'POST /unload',
  'POST /delete',
  'POST /install',
  'POST /install/dry-run',
  'POST /uninstall',
  'POST /models/register',
  'POST /models/check-updates',
  'POST,DELETE /models/**/options',
  'POST /downloads/control',
  'POST /params',
  'POST /log-level',
  'POST /slots/*',
  'POST /jobs',
  'POST,DELETE /jobs/**',
  'POST,DELETE /cloud/auth',
  'POST,DELETE /cloud/auth/**',
];

export const lemonade = defineProfile({
  type: 'lemonade',
  label: 'Lemonade',
  prefixes: ['lemonade'],
  defaultPorts: [8000, 13305],
  healthPath: '/api/v1/health',
  modelsPath: '/api/v1/models',
  openAiBase: '/api',
  nativePaths: ['/api/v1', '/api/v0'],
  apiPaths: API_BASES.flatMap((base) => [
    jsonPath(`${base}/load`, { nameField: 'model_name' }),
    jsonPath(`${base}/unload`, { nameField: 'model_name', unloads: 'always' }),
    jsonPath(`${base}/pull`, { nameField: 'model_name', management: 'adds' }),
    jsonPath(`${base}/delete`, { nameField: 'model_name', management: 'changes' }),
  ]),
  usePaths: [
    ...API_BASES.flatMap((base) => behindBase(base, OWN_USE)),
    'GET /api/tags',
    'GET /api/ps',
    'GET /api/version',
    'POST /api/show',
    'POST /api/chat',
    'POST /api/generate',
    'POST /api/embed',
    'POST /api/embeddings',
    'GET /live',
    'GET /metrics',
  ],
  managementPaths: [
    ...API_BASES.flatMap((base) => behindBase(base, OWN_MANAGEMENT)),
    '/internal/**',
    'POST /mcp',
  ],
  defaultConcurrency: 100,
  names: { ...PLAIN_NAMES, shortNames: 'own' },
  readModels: (body) => readOpenAiList(body, tellModel),
  signals: [
    {
      path: '/api/v1/health',
      everyMs: 1_000,
      reportsResidents: true,
      parse: (body) => parseHealth(parseJson(body)),
    },
  ],
  detect: {
    paths: ['/api/v1/health'],
    matches: (responses) => {
      const health = responses.get('/api/v1/health');
      return health?.status === 200 && 'model_loaded' in asRecord(parseJson(health.body));
    },
  },
});

function tellModel(entry: JsonRecord): Partial<EndpointModel> {
  const capabilities = asTexts(entry['labels']);
  const sizeGb = asCount(entry['size']);
  // `owner/repository-GGUF:Q4_K_M`: the quantisation follows the colon.
  const quantization = /:([A-Za-z0-9_]+)$/.exec(asText(entry['checkpoint']) ?? '')?.[1];
  return {
    capabilities,
    kind: kindOfCapabilities(capabilities),
    contextLength: asPositive(entry['max_context_window']) ?? asPositive(entry['context_length']),
    sizeBytes: sizeGb === null ? null : Math.round(sizeGb * 1e9),
    quantization:
      quantization !== undefined && /^I?Q\d|^BF16$|^F16$/i.test(quantization) ? quantization : null,
    format: asText(entry['recipe']) === 'llamacpp' ? 'gguf' : null,
  };
}

function parseHealth(body: unknown): SignalReading | null {
  if (!isRecord(body)) return null;
  const resident = new Map<string, ResidentModel>();
  const add = (value: unknown): void => {
    const name = asText(value);
    if (name !== null) resident.set(name, { until: null, loadedAs: null });
  };
  add(body['model_loaded']);
  for (const value of asList(body['all_models_loaded'])) add(asRecord(value)['model_name']);
  const serverVersion = asText(body['version']);
  return serverVersion === null ? { resident } : { resident, serverVersion };
}
