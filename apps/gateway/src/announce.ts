import type { Settings } from '@olla/config/schema';
import type { EndpointSnapshot, Snapshot } from '@olla/core/snapshot';

/** The source of the endpoints, for the lines that a start prints. */
export type EndpointSource =
  | { readonly kind: 'file'; readonly file: string | null }
  /** No endpoints are configured; these were found on this machine. */
  | { readonly kind: 'detected'; readonly count: number; readonly ports: readonly number[] }
  | { readonly kind: 'demo' };

export interface StartFacts {
  readonly version: string;
  readonly settings: Settings;
  readonly source: EndpointSource;
  readonly snapshot: Snapshot | null;
  readonly workers: number;
  readonly url: string;
  readonly adminTokenFile: string | null;
  readonly tookMs: number;
}

const SHOWN_ENDPOINTS = 5;

/** The output of a start on a terminal: at most a dozen lines, with a request that works when pasted. */
export function startLines(facts: StartFacts): string[] {
  const { settings, snapshot, url } = facts;
  const limits = settings.server.rate_limits;
  const endpoints = snapshot?.endpoints ?? [];
  const lines = [
    `olla ${facts.version} on ${url} after ${Math.round(facts.tookMs)} ms: ${facts.workers} ${facts.workers === 1 ? 'worker' : 'workers'}, state in ${settings.redis.url === null ? 'memory' : 'Redis'}`,
    sourceLine(facts.source),
    ...endpoints.slice(0, SHOWN_ENDPOINTS).map((endpoint) => endpointLine(endpoint, snapshot)),
  ];
  if (endpoints.length > SHOWN_ENDPOINTS)
    lines.push(`  and ${endpoints.length - SHOWN_ENDPOINTS} more: olla ctl endpoints`);
  lines.push(
    `limits a minute: ${shown(limits.global_requests_per_minute)} in all, ${shown(limits.per_ip_requests_per_minute)} an address, bursts of ${limits.burst_size}`,
  );
  lines.push(...nextSteps(facts));
  return lines;
}

const NO_MODELS = 'no models yet: try `olla serve --demo`, or `olla config init` to name your servers';

/** The next step: a request to paste (with the demo for an SDK too), or the source of models if there are none. */
export function nextSteps({ snapshot, url, source }: StartFacts): string[] {
  const model = exampleModel(snapshot);
  if (model === null) return [NO_MODELS];
  const body = JSON.stringify({ model, messages: [{ role: 'user', content: 'Hello!' }], stream: true });
  const curl = `  curl -N ${url}/olla/openai/v1/chat/completions -H 'Content-Type: application/json' -d '${body}'`;
  if (source.kind !== 'demo') return [curl];
  return [
    curl,
    `  new OpenAI({ baseURL: '${url}/olla/openai/v1', apiKey: 'none' }).chat.completions.create({ model: '${model}', messages: [{ role: 'user', content: 'Hello!' }] })`,
  ];
}

/** The same for a pipe: one record. */
export function startRecord(facts: StartFacts): Record<string, string | number | null> {
  return {
    url: facts.url,
    version: facts.version,
    workers: facts.workers,
    endpoints: facts.snapshot?.endpoints.length ?? 0,
    models: facts.snapshot?.catalog.models.length ?? 0,
    config: facts.source.kind === 'file' ? facts.source.file : facts.source.kind,
    state: facts.settings.redis.url === null ? 'memory' : 'redis',
    admin_token_file: facts.adminTokenFile,
    took_ms: Math.round(facts.tookMs),
    openai_base_url: `${facts.url}/olla/openai/v1`,
    next: nextSteps(facts)
      .map((step) => step.trim())
      .join('\n'),
  };
}

function sourceLine(source: EndpointSource): string {
  if (source.kind === 'demo') return 'endpoints: a simulated fleet (--demo)';
  if (source.kind === 'file') return `configuration: ${source.file ?? 'defaults and environment'}`;
  const ports = source.ports.join(' ');
  return source.count === 0
    ? `no configuration file, and no backend answered on this machine (ports ${ports})`
    : `no configuration file; found on this machine (ports ${ports}); keep it with: olla config init`;
}

function endpointLine(endpoint: EndpointSnapshot, snapshot: Snapshot | null): string {
  const count = (snapshot?.catalog.models ?? []).filter((model) =>
    model.locations.some((location) => location.endpoint === endpoint.name),
  ).length;
  const glyph = endpoint.state === 'healthy' ? '●' : endpoint.state === 'unknown' ? '○' : '▲';
  const why = endpoint.reason === '' ? '' : ` (${endpoint.reason})`;
  return `  ${glyph} ${endpoint.name.padEnd(18)} ${endpoint.type.padEnd(18)} ${endpoint.state}${why}, ${count} ${count === 1 ? 'model' : 'models'}`;
}

function exampleModel(snapshot: Snapshot | null): string | null {
  const models = snapshot?.catalog.models ?? [];
  const chat = models.filter((model) => model.kind !== 'embeddings' && model.kind !== 'rerank');
  const loaded = chat.find((model) => model.locations.some((location) => location.model.resident === true));
  return (loaded ?? chat[0] ?? models[0])?.id ?? null;
}

function shown(rate: number): string {
  return rate === 0 ? 'no limit' : rate.toLocaleString('en-US');
}
