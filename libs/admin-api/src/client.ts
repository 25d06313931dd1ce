import type { Agent, IncomingMessage } from 'node:http';
import type { EndpointActionBody, RefreshBody } from './schema/actions.ts';
import type { StatsModelsBody } from './schema/stats.ts';
import type { StatusBody } from './schema/status.ts';

export interface ClientOptions {
  /** Base URL of any gateway of the cluster. */
  readonly gatewayUrl: string;
  /** For actions; reads need none. */
  readonly token?: string | null;
  /** Patience with one whole answer. */
  readonly timeoutMs?: number;
  /** Who acts, for the events of the cluster. */
  readonly actor?: string;
}

export type AdminErrorCode =
  | 'UNREACHABLE'
  | 'TIMEOUT'
  | 'UNAUTHORIZED'
  | 'NOT_FOUND'
  | 'REFUSED'
  | 'RATE_LIMITED'
  | 'FAILED'
  | 'PROTOCOL';

/** A call that has no answer to give. `apiCode` is the code of the gateway's own error. */
export class AdminError extends Error {
  readonly code: AdminErrorCode;
  readonly status: number | null;
  readonly apiCode: string | null;

  constructor(
    code: AdminErrorCode,
    message: string,
    more: { status?: number; apiCode?: string; cause?: unknown } = {},
  ) {
    super(message, { cause: more.cause });
    this.name = 'AdminError';
    this.code = code;
    this.status = more.status ?? null;
    this.apiCode = more.apiCode ?? null;
  }
}

/** One model of `GET /olla/models`. */
export interface UnifiedModel {
  readonly id: string;
  readonly olla: {
    readonly family: string;
    readonly variant: string;
    readonly parameter_size: string;
    readonly quantization: string;
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
  /** Closes idle connections. */
  close(): void;
}

// An ES import of node:http reads all its exports, WebSocket too, which loads undici: 40 ms that `status` can spare.
const http = process.getBuiltinModule('node:http');

/** No answer of the admin API is near this; more is not from a gateway. */
const MAX_BODY_BYTES = 64 * 1024 * 1024;
const DEFAULT_TIMEOUT_MS = 5_000;

interface Cached {
  readonly etag: string;
  readonly body: unknown;
}

/**
 * A client of the admin API. Reads are asked for with the ETag of the last answer, so that an unchanged cluster costs
 * no body. Every call rejects with an AdminError within its deadline.
 */
export function createClient(options: ClientOptions): AdminClient {
  const base = new URL(options.gatewayUrl);
  const cache = new Map<string, Cached>();
  const agent = new http.Agent({ keepAlive: true, maxSockets: 4 });

  async function read<T>(path: string): Promise<T> {
    const cached = cache.get(path);
    const answer = await send('GET', path, cached ? { 'if-none-match': cached.etag } : {});
    if (answer.status === 304 && cached) return cached.body as T;
    const body = parse(answer);
    if (answer.etag !== null) cache.set(path, { etag: answer.etag, body });
    return body as T;
  }

  async function act<T>(path: string): Promise<T> {
    const headers: Record<string, string> = { 'content-length': '0' };
    if (options.token) headers['authorization'] = `Bearer ${options.token}`;
    if (options.actor) headers['x-olla-actor'] = options.actor;
    return parse(await send('POST', path, headers)) as T;
  }

  function send(method: string, path: string, headers: Record<string, string>): Promise<Answer> {
    const timeoutMs = options.timeoutMs ?? DEFAULT_TIMEOUT_MS;
    return exchange(new URL(path, base), { method, headers, agent, timeoutMs });
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

interface Answer {
  readonly url: URL;
  readonly status: number;
  readonly etag: string | null;
  readonly text: string;
}

interface Exchange {
  readonly method: string;
  readonly headers: Record<string, string>;
  readonly agent: Agent;
  readonly timeoutMs: number;
}

function exchange(url: URL, { method, headers, agent, timeoutMs }: Exchange): Promise<Answer> {
  const secure = url.protocol === 'https:';
  const { request } = secure ? process.getBuiltinModule('node:https') : http;
  const signal = AbortSignal.timeout(timeoutMs);
  return new Promise((resolve, reject) => {
    const fail = (error: NodeJS.ErrnoException) => {
      // The gateway closed an idle connection just now: a read may simply be asked again.
      if (call.reusedSocket && method === 'GET' && error.code === 'ECONNRESET' && !signal.aborted) {
        resolve(exchange(url, { method, headers, agent, timeoutMs }));
      } else reject(unreachable(url, error, signal, timeoutMs));
    };
    const call = request(
      url,
      { method, headers: { accept: 'application/json', ...headers }, signal, ...(secure ? {} : { agent }) },
      (response) => {
        readText(response).then(
          (text) =>
            resolve({ url, status: response.statusCode ?? 0, etag: response.headers.etag ?? null, text }),
          fail,
        );
      },
    );
    call.on('error', fail);
    call.end();
  });
}

async function readText(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_BODY_BYTES) throw new Error(`the answer is larger than ${MAX_BODY_BYTES} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function unreachable(url: URL, error: Error, signal: AbortSignal, timeoutMs: number): AdminError {
  if (signal.aborted) {
    return new AdminError(
      'TIMEOUT',
      `the gateway at ${url.origin} did not answer within ${timeoutMs / 1_000} s`,
      {
        cause: error,
      },
    );
  }
  const code = (error as NodeJS.ErrnoException).code ?? '';
  const reasons: Record<string, string> = {
    ECONNREFUSED: 'connection refused',
    ECONNRESET: 'it closed the connection',
    ENOTFOUND: 'the host name is unknown',
    EAI_AGAIN: 'the host name cannot be resolved',
    EHOSTUNREACH: 'the host cannot be reached',
    ENETUNREACH: 'the network cannot be reached',
  };
  return new AdminError(
    'UNREACHABLE',
    `no gateway answers at ${url.origin}: ${reasons[code] ?? (error.message || code)}`,
    {
      cause: error,
    },
  );
}

function parse({ url, status, text }: Answer): unknown {
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch (error) {
    throw new AdminError(
      'PROTOCOL',
      `${url.origin} is not an Olla gateway: ${url.pathname} answered ${status} without JSON`,
      {
        status,
        cause: error,
      },
    );
  }
  if (status >= 200 && status < 300) {
    if (typeof body === 'object' && body !== null) return body;
    throw new AdminError(
      'PROTOCOL',
      `${url.origin} is not an Olla gateway: ${url.pathname} is not an object`,
      { status },
    );
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
