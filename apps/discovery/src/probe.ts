import { Agent, errors, request, type Dispatcher } from 'undici';
import { newRecord } from '@olla/core/records';
import type { ProbeResponse } from '@olla/backends/profile';
import type { EndpointTls } from '@olla/config/endpoint-tls';
import { certificateFault } from './certificate-fault.ts';
import { decodeBody, UndecodableError } from './decode-body.ts';

export interface ProbeRequest {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
  readonly maxBytes: number;
  /** Truncates a longer body at `maxBytes`. Without it a longer body is a failure. */
  readonly truncate?: boolean;
  /** Makes the probe a POST with this JSON. */
  readonly body?: string;
  readonly signal?: AbortSignal;
}

export type ProbeResult =
  | { readonly kind: 'response'; readonly response: ProbeResponse; readonly latencyMs: number }
  /** No connection could be made. */
  | ({ readonly kind: 'unreachable' } & ProbeFailure)
  /** A connection was made, but no whole response came in time. */
  | ({ readonly kind: 'no-response' } & ProbeFailure);

export interface ProbeFailure {
  /** The condition. Clients may read it: no address and no text of the server. */
  readonly reason: string;
  /** What the system or the library said, for the log alone. */
  readonly detail?: string;
}

/**
 * The connections for the probes of one endpoint. They ignore `HTTP_PROXY` and the like, because relayed requests go to
 * endpoints directly too.
 *
 * @param connectTimeoutMs time for connecting; a host that drops packets must not hold up the next probe
 * @param tls how certificates are checked; null for Node's defaults. The SNI name follows from the Host header
 */
export function newProbeDispatcher(connectTimeoutMs: number, tls: EndpointTls | null = null): Dispatcher {
  return new Agent({
    // More than the probes that run at once, so that a path that hangs never holds up the health check.
    connections: 16,
    pipelining: 1,
    // Below the 5 s after which llama.cpp and uvicorn close idle connections.
    // A name may resolve to another address after a while, however busy its connections are.
    maxRequestsPerClient: 20,
    keepAliveTimeout: 4_000,
    keepAliveMaxTimeout: 4_000,
    headersTimeout: 0,
    bodyTimeout: 0,
    connect: {
      timeout: connectTimeoutMs,
      rejectUnauthorized: tls?.rejectUnauthorized ?? true,
      ...(tls === null || tls.ca === null ? {} : { ca: tls.ca }),
      ...(tls === null || tls.checkServerIdentity === null
        ? {}
        : { checkServerIdentity: tls.checkServerIdentity }),
    },
  });
}

/** Decodes UTF-8 without a byte order mark. */
const TEXT = new TextDecoder();

/** Error codes of a connection that could not be made. */
const UNREACHABLE_CODES = new Set([
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
/** Error codes of a kept connection that the server closed at that moment. A retry on a new connection decides. */
const STALE_CODES = new Set(['UND_ERR_SOCKET', 'ECONNRESET', 'EPIPE']);

/**
 * Sends one probe to a backend. Never rejects. Does not follow redirects, because `headers` may hold credentials for
 * this origin only.
 */
export async function probe(dispatcher: Dispatcher, options: ProbeRequest): Promise<ProbeResult> {
  const abort = new AbortController();
  const timer = setTimeout(() => abort.abort(), options.timeoutMs);
  const onAbort = (): void => abort.abort();
  options.signal?.addEventListener('abort', onAbort, { once: true });
  if (options.signal?.aborted === true) abort.abort();
  try {
    return await send(dispatcher, options, abort.signal);
  } catch (error) {
    if (abort.signal.aborted || !STALE_CODES.has(codeOf(error))) return failure(error, options, abort.signal);
    try {
      return await send(dispatcher, options, abort.signal);
    } catch (second) {
      return failure(second, options, abort.signal);
    }
  } finally {
    clearTimeout(timer);
    options.signal?.removeEventListener('abort', onAbort);
  }
}

async function send(
  dispatcher: Dispatcher,
  options: ProbeRequest,
  signal: AbortSignal,
): Promise<ProbeResult> {
  const startedAt = performance.now();
  const posting = options.body === undefined ? {} : { body: options.body };
  const response = await request(options.url, {
    dispatcher,
    signal,
    method: options.body === undefined ? 'GET' : 'POST',
    headers: {
      accept: 'application/json, text/plain, */*',
      'accept-encoding': 'identity',
      ...(options.body === undefined ? {} : { 'content-type': 'application/json' }),
      ...options.headers,
    },
    ...posting,
  });
  const headers = newRecord<string>();
  for (const [name, value] of Object.entries(response.headers)) {
    if (value !== undefined) headers[name] = Array.isArray(value) ? value.join(', ') : value;
  }
  const chunks: Buffer[] = [];
  let size = 0;
  let latencyMs = performance.now() - startedAt;
  for await (const chunk of response.body as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    size += chunk.length;
    if (size <= options.maxBytes) continue;
    // Leaving the loop destroys the body and closes its connection.
    if (options.truncate === true) break;
    return { kind: 'no-response', reason: `answered with more than ${options.maxBytes} bytes` };
  }
  latencyMs = performance.now() - startedAt;
  let bytes: Buffer = Buffer.concat(chunks);
  const encoding = headers['content-encoding'];
  if (encoding !== undefined) {
    try {
      bytes = await decodeBody(bytes, encoding, options.maxBytes);
    } catch (error) {
      if (!(error instanceof UndecodableError)) throw error;
      // A caller that accepts a truncated body can do without it, because the status matters most.
      if (options.truncate === true) bytes = Buffer.alloc(0);
      else return { kind: 'no-response', reason: `answered with ${error.message}` };
    }
  }
  const body = TEXT.decode(bytes).slice(0, options.maxBytes);
  return { kind: 'response', response: { status: response.statusCode, headers, body }, latencyMs };
}

function failure(error: unknown, options: ProbeRequest, signal: AbortSignal): ProbeResult {
  if (signal.aborted) return { kind: 'no-response', reason: `no response within ${options.timeoutMs} ms` };
  const code = codeOf(error);
  const kind = UNREACHABLE_CODES.has(code) ? 'unreachable' : 'no-response';
  return { kind, ...describe(error, code) };
}

function codeOf(error: unknown): string {
  if (error instanceof AggregateError) return codeOf(error.errors[0]);
  if (typeof error !== 'object' || error === null || !('code' in error)) return '';
  return typeof error.code === 'string' ? error.code : '';
}

function describe(error: unknown, code: string): ProbeFailure {
  if (code === 'ECONNREFUSED') return { reason: 'connection refused' };
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return { reason: `host name not found (${code})` };
  const fault = certificateFault(code);
  if (fault !== null) return { reason: fault };
  if (code === 'ECONNRESET' || error instanceof errors.SocketError)
    return { reason: 'connection closed without a response' };
  const detail = (error instanceof Error ? error.message : String(error)).slice(0, 200);
  return { reason: `the request failed (${code === '' ? 'no code' : code})`, detail };
}
