import type { EndpointModel, ModelKind } from '@olla/core/snapshot';
import { defineProfile } from '../define-profile.ts';
import type { HealthVerdict, ProbeResponse, SignalReading } from '../profile.ts';
import { checkStatus } from '../reading/health.ts';
import { asPositive, asRecord, asText, asTexts, parseJson, type JsonRecord } from '../reading/json.ts';
import { detectByOwner, readOpenAiList } from '../reading/openai-list.ts';
import { readLoad } from '../reading/prometheus.ts';

/** Facts from documentation and source of Rapid-MLX 0.12.18 (github.com/raullenchai/Rapid-MLX, 22 August 2026). */
export const rapidMlx = defineProfile({
  type: 'rapid-mlx',
  label: 'Rapid-MLX',
  prefixes: ['rapid-mlx'],
  defaultPorts: [8000],
  // `/health` asks the engine, which is slow under load. `/healthz` does not.
  healthPath: '/healthz',
  modelsPath: '/v1/models',
  anthropic: { messagesPath: '/v1/messages', since: null, countTokensPath: '/v1/messages/count_tokens' },
  nativePaths: ['/health', '/healthz', '/livez', '/readyz', '/metrics'],
  usePaths: [
    'GET /info',
    'GET /v1/status',
    'GET /v1/cache/stats',
    'GET /v1/images/progress',
    'POST /v1/audio/music',
    'GET /v1/videos',
    'GET /v1/mcp/tools',
    'GET /v1/mcp/servers',
    'GET /v1/mcp/status',
    'GET /health',
    'GET /health/ready',
    'GET /healthz',
    'GET /livez',
    'GET /readyz',
    'GET /metrics',
  ],
  managementPaths: [
    'POST /v1/models/load',
    'POST /v1/models/unload',
    'PUT,POST,DELETE /v1/models/**/pin',
    'POST,DELETE /v1/cache',
    'POST,DELETE /v1/cache/**',
    'POST,DELETE /v1/requests/**',
    'DELETE /v1/videos/*',
    '/v1/images/cancel',
    '/v1/mcp/execute',
    '/v1/mcp/reload',
  ],
  // The server admits 256, but a Mac is too slow for that many.
  defaultConcurrency: 20,
  checkHealth,
  readModels: (body) => readOpenAiList(body, tellModel),
  // Each reading queries the engine, which synchronises with the GPU.
  signals: [{ path: '/metrics', everyMs: 2_000, parse: parseMetrics }],
  detect: detectByOwner('rapid-mlx'),
});

/** `/healthz` answers 200 while the model loads, and 503 while the server shuts down. */
function checkHealth(response: ProbeResponse): HealthVerdict {
  const { ready, status } = asRecord(parseJson(response.body));
  if (response.status === 200 && ready === false)
    return { ok: false, state: 'unhealthy', reason: 'is still loading its model' };
  if (response.status === 503 && status === 'draining')
    return { ok: false, state: 'unhealthy', reason: 'is shutting down' };
  return checkStatus(response);
}

const KINDS: ReadonlyMap<string, ModelKind> = new Map(
  Object.entries({
    'image.generation': 'image',
    'audio.speech': 'audio',
    'audio.transcription': 'audio',
    embedding: 'embeddings',
    vision: 'vlm',
  }),
);

function tellModel(entry: JsonRecord): Partial<EndpointModel> {
  const capabilities = asTexts(entry['capabilities']);
  const kind = capabilities.map((word) => KINDS.get(word)).find((known) => known !== undefined);
  // Only an entry of a loaded model has these, and not each one has all.
  const loaded = asPositive(entry['max_model_len']) !== null || asPositive(entry['context_window']) !== null;
  return {
    kind: kind ?? (capabilities.includes('text') ? 'llm' : 'unknown'),
    resident: loaded ? true : null,
    format: 'mlx',
  };
}

function parseMetrics(text: string): SignalReading | null {
  const load = readLoad(text, {
    running: 'rapid_mlx_requests_running',
    queued: 'rapid_mlx_requests_waiting',
  });
  const serverVersion = asText(/^rapid_mlx_build_info\{version="([^"\n]+)"/m.exec(text)?.[1]);
  return serverVersion === null ? load : { ...load, serverVersion };
}
