import { Agent, errors, request } from 'undici';
import type { Dispatcher } from 'undici';
import type { ProbeAnswer } from '@olla/backends/profile';

export interface ProbeRequest {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
  readonly maxBytes: number;
  /** A longer body is cut there instead of being a fault. */
  readonly cut?: boolean;
  /** Makes it a POST of JSON. */
  readonly body?: string;
  /** Ends it early. */
  readonly signal?: AbortSignal;
}

export type ProbeResult =
  | { readonly kind: 'answer'; readonly answer: ProbeAnswer; readonly latencyMs: number }
  | { readonly kind: 'unreachable'; readonly reason: string }
  | { readonly kind: 'silent'; readonly reason: string };

/**
 * Connections for the probes of one endpoint: short-lived, and blind to proxies of the environment.
 *
 * @param connectTimeoutMs after it a host that drops packets is given up, so that the next probe tries anew
 */
export function newProbeDispatcher(connectTimeoutMs: number): Dispatcher {
  return new Agent({
    // More than are ever asked at once, so that a path that hangs never holds up the health check.
    connections: 16,
    pipelining: 1,
    // Under the 5 s after which llama.cpp and uvicorn drop idle connections.
    keepAliveTimeout: 4_000,
    keepAliveMaxTimeout: 4_000,
    headersTimeout: 0,
    bodyTimeout: 0,
    connect: { timeout: connectTimeoutMs },
  });
}

/** Codes of connections that could not be made at all. */
const UNREACHABLE = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EHOSTDOWN',
  'ETIMEDOUT',
  'EADDRNOTAVAIL',
  'UND_ERR_CONNECT_TIMEOUT',
]);
/** Codes of a kept connection that the server closed just then; a new one tells the truth. */
const STALE = new Set(['UND_ERR_SOCKET', 'ECONNRESET', 'EPIPE']);

/**
 * Asks a backend once. Never rejects. Redirects are not followed: what `headers` holds is for this origin only.
 */
export async function probe(dispatcher: Dispatcher, ask: ProbeRequest): Promise<ProbeResult> {
  const abort = new AbortController();
  const timer = setTimeout(() => abort.abort(), ask.timeoutMs);
  const onAbort = (): void => abort.abort();
  ask.signal?.addEventListener('abort', onAbort, { once: true });
  if (ask.signal?.aborted === true) abort.abort();
  try {
    return await attempt(dispatcher, ask, abort.signal);
  } catch (error) {
    if (abort.signal.aborted || !STALE.has(codeOf(error))) return failure(error, ask, abort.signal);
    try {
      return await attempt(dispatcher, ask, abort.signal);
    } catch (second) {
      return failure(second, ask, abort.signal);
    }
  } finally {
    clearTimeout(timer);
    ask.signal?.removeEventListener('abort', onAbort);
  }
}

async function attempt(dispatcher: Dispatcher, ask: ProbeRequest, signal: AbortSignal): Promise<ProbeResult> {
  const startedAt = performance.now();
  const posting = ask.body === undefined ? {} : { body: ask.body };
  const response = await request(ask.url, {
    dispatcher,
    signal,
    method: ask.body === undefined ? 'GET' : 'POST',
    headers: {
      accept: 'application/json, text/plain, */*',
      'accept-encoding': 'identity',
      ...(ask.body === undefined ? {} : { 'content-type': 'application/json' }),
      ...ask.headers,
    },
    ...posting,
  });
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(response.headers)) {
    if (value !== undefined) headers[name] = Array.isArray(value) ? value.join(', ') : value;
  }
  const chunks: Buffer[] = [];
  let size = 0;
  let latencyMs = performance.now() - startedAt;
  for await (const chunk of response.body as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    size += chunk.length;
    if (size <= ask.maxBytes) continue;
    // Leaving the loop destroys the body and its connection.
    if (ask.cut === true) break;
    return { kind: 'silent', reason: `answered with more than ${ask.maxBytes} bytes` };
  }
  latencyMs = performance.now() - startedAt;
  const body = Buffer.concat(chunks).toString('utf8').slice(0, ask.maxBytes);
  return { kind: 'answer', answer: { status: response.statusCode, headers, body }, latencyMs };
}

function failure(error: unknown, ask: ProbeRequest, signal: AbortSignal): ProbeResult {
  if (signal.aborted) return { kind: 'silent', reason: `no answer within ${ask.timeoutMs} ms` };
  const code = codeOf(error);
  const reason = code === 'ECONNREFUSED' ? 'connection refused' : describe(error, code);
  return UNREACHABLE.has(code) ? { kind: 'unreachable', reason } : { kind: 'silent', reason };
}

function codeOf(error: unknown): string {
  if (error instanceof AggregateError) return codeOf(error.errors[0]);
  if (typeof error !== 'object' || error === null || !('code' in error)) return '';
  return typeof error.code === 'string' ? error.code : '';
}

function describe(error: unknown, code: string): string {
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return `host name not found (${code})`;
  if (code === 'ECONNRESET' || error instanceof errors.SocketError)
    return 'connection closed without an answer';
  const message = error instanceof Error ? error.message : String(error);
  return code === '' ? message.slice(0, 200) : `${message.slice(0, 200)} (${code})`;
}
