import { AdminError, type AdminErrorCode } from './admin-error.ts';
import type { EndpointActionBody, RefreshBody } from './schema/actions.ts';
import type { StatsModelsBody } from './schema/stats.ts';
import type { StatusBody } from './schema/status.ts';
import { createAgent, sendRequest, type TextResponse } from './send-request.ts';

export interface ClientOptions {
  /** Base URL of any gateway of the cluster. */
  readonly gatewayUrl: string;
  /** Admin token for actions. Reads need none. */
  readonly token?: string | null;
  /** Time for each whole response. */
  readonly timeoutMs?: number;
  /** Name of the operator, shown in the events of the cluster. */
  readonly actor?: string;
}

/** One model of `GET /olla/models`. */
export interface UnifiedModel {
  readonly id: string;
  readonly olla: {
    readonly family: string;
    readonly variant: string;
    readonly parameter_size: string;
    readonly quantization: string;
    /** For a name that means other models: their names. */
    readonly alias_for?: readonly string[];
    readonly aliases: readonly string[];
    readonly availability: readonly { readonly endpoint: string; readonly state: string }[];
    readonly capabilities: readonly string[];
    readonly max_context_length?: number;
  };
}

export interface AdminClient {
  readonly gatewayUrl: string;
  status(): Promise<StatusBody>;
  statsModels(): Promise<StatsModelsBody>;
  models(): Promise<readonly UnifiedModel[]>;
  drain(endpoint: string, force: boolean): Promise<EndpointActionBody>;
  resume(endpoint: string): Promise<EndpointActionBody>;
  refresh(): Promise<RefreshBody>;
  /** Closes kept connections. */
  close(): void;
}

const DEFAULT_TIMEOUT_MS = 5_000;

interface CachedBody {
  readonly etag: string;
  readonly body: unknown;
}

/**
 * Makes a client of the admin API. Reads carry the ETag of the last response (RFC 9110, section 13.1.2), so that the
 * gateway sends no body when nothing has changed. Each call rejects with an AdminError, at the latest after
 * `timeoutMs`.
 */
export function createClient(options: ClientOptions): AdminClient {
  const base = new URL(options.gatewayUrl);
  const cache = new Map<string, CachedBody>();
  const agent = createAgent();

  async function read<T>(path: string): Promise<T> {
    const cached = cache.get(path);
    const response = await send('GET', path, cached ? { 'if-none-match': cached.etag } : {});
    if (response.status === 304 && cached) return cached.body as T;
    const body = parseBody(response);
    if (response.etag !== null) cache.set(path, { etag: response.etag, body });
    return body as T;
  }

  async function act<T>(path: string): Promise<T> {
    const headers: Record<string, string> = { 'content-length': '0' };
    if (options.token) headers['authorization'] = `Bearer ${options.token}`;
    if (options.actor) headers['x-olla-actor'] = options.actor;
    return parseBody(await send('POST', path, headers)) as T;
  }

  function send(method: string, path: string, headers: Record<string, string>): Promise<TextResponse> {
    const timeoutMs = options.timeoutMs ?? DEFAULT_TIMEOUT_MS;
    return sendRequest(new URL(path, base), { method, headers, agent, timeoutMs });
  }

  const endpointPath = (endpoint: string, action: string) =>
    `/internal/endpoints/${encodeURIComponent(endpoint)}/${action}`;
  return {
    gatewayUrl: base.origin,
    status: () => read('/internal/status'),
    statsModels: () => read('/internal/stats/models'),
    models: async () => (await read<{ data: UnifiedModel[] }>('/olla/models')).data,
    drain: (endpoint, force) => act(`${endpointPath(endpoint, 'drain')}${force ? '?force=true' : ''}`),
    resume: (endpoint) => act(endpointPath(endpoint, 'resume')),
    refresh: () => act('/internal/refresh'),
    close: () => agent.destroy(),
  };
}

/** The JSON object of a successful response. @throws AdminError for every other response */
function parseBody({ url, status, text }: TextResponse): unknown {
  const isNoGateway = `${url.origin} is not an Olla gateway`;
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch (error) {
    const message = `${isNoGateway}: ${url.pathname} answered ${status} without JSON`;
    throw new AdminError('PROTOCOL', message, { status, cause: error });
  }
  if (status >= 200 && status < 300) {
    if (typeof body === 'object' && body !== null) return body;
    throw new AdminError('PROTOCOL', `${isNoGateway}: ${url.pathname} did not answer with an object`, {
      status,
    });
  }
  const error = (body as { error?: { message?: unknown; code?: unknown } } | null)?.error;
  const message = typeof error?.message === 'string' ? error.message : `${url.pathname} answered ${status}`;
  const apiCode = typeof error?.code === 'string' ? error.code : '';
  throw new AdminError(codeOf(status), message, { status, apiCode });
}

function codeOf(status: number): AdminErrorCode {
  if (status === 401 || status === 403) return 'UNAUTHORIZED';
  if (status === 404) return 'NOT_FOUND';
  if (status === 409) return 'REFUSED';
  if (status === 429) return 'RATE_LIMITED';
  return 'FAILED';
}
