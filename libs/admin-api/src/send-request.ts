import type { Agent, IncomingMessage } from 'node:http';
import { AdminError } from './admin-error.ts';

// An ES import of node:http evaluates all its exports. WebSocket is one of them and loads undici, which takes 40 ms.
const http = process.getBuiltinModule('node:http');

/** No response of the admin API comes near this size. A larger one is not from a gateway. */
const MAX_BODY_BYTES = 64 * 1024 * 1024;

export interface RequestOptions {
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly agent: Agent;
  /** Time for the whole response. */
  readonly timeoutMs: number;
}

export interface TextResponse {
  readonly url: URL;
  readonly status: number;
  readonly etag: string | null;
  readonly text: string;
}

/** Connections that are kept between requests. */
export function createAgent(): Agent {
  return new http.Agent({ keepAlive: true, maxSockets: 4 });
}

/** Sends one request and reads the whole response. Rejects with an AdminError, UNREACHABLE or TIMEOUT. */
export function sendRequest(url: URL, options: RequestOptions): Promise<TextResponse> {
  const { method, headers, agent, timeoutMs } = options;
  const isSecure = url.protocol === 'https:';
  const { request } = isSecure ? process.getBuiltinModule('node:https') : http;
  const signal = AbortSignal.timeout(timeoutMs);
  return new Promise((resolve, reject) => {
    const fail = (error: NodeJS.ErrnoException): void => {
      // The gateway has closed the kept connection at this moment. RFC 9110, section 9.2.2, allows to repeat a GET.
      if (sent.reusedSocket && method === 'GET' && error.code === 'ECONNRESET' && !signal.aborted) {
        resolve(sendRequest(url, options));
      } else reject(describeFailure(url, error, signal, timeoutMs));
    };
    const sent = request(
      url,
      { method, headers: { accept: 'application/json', ...headers }, signal, ...(isSecure ? {} : { agent }) },
      (response) => {
        readText(response).then(
          (text) =>
            resolve({ url, status: response.statusCode ?? 0, etag: response.headers.etag ?? null, text }),
          fail,
        );
      },
    );
    sent.on('error', fail);
    sent.end();
  });
}

async function readText(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_BODY_BYTES) throw new Error(`its response is larger than ${MAX_BODY_BYTES} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

const REASONS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused',
  ECONNRESET: 'it closed the connection',
  ENOTFOUND: 'the host name is unknown',
  EAI_AGAIN: 'the host name cannot be resolved',
  EHOSTUNREACH: 'the host cannot be reached',
  ENETUNREACH: 'the network cannot be reached',
};

function describeFailure(
  url: URL,
  error: NodeJS.ErrnoException,
  signal: AbortSignal,
  timeoutMs: number,
): AdminError {
  if (signal.aborted) {
    const message = `the gateway at ${url.origin} did not answer within ${timeoutMs / 1_000} s`;
    return new AdminError('TIMEOUT', message, { cause: error });
  }
  const code = error.code ?? '';
  const reason = REASONS[code] ?? (error.message || code);
  return new AdminError('UNREACHABLE', `no gateway answers at ${url.origin}: ${reason}`, { cause: error });
}
