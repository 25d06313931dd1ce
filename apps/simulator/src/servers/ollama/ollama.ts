import { STATUS_CODES } from 'node:http';
import type { Exchange } from '../../http/exchange.ts';
import type { ServerState } from '../../server-state.ts';
import { isLocalHost, isLocalOrigin, respondPreflight } from './allowed-hosts.ts';
import { serveMessages } from './anthropic-generation.ts';
import { serveEmbeddings } from './embeddings.ts';
import { sendFailure } from './errors.ts';
import { findModel } from './find-model.ts';
import { receiveBlob, serveManagement } from './management.ts';
import { serveNativeGeneration } from './native-generation.ts';
import {
  hasBlob,
  listOpenAiModels,
  listResident,
  listTags,
  openAiModel,
  showModel,
} from './native-models.ts';
import { serveOpenAiGeneration } from './openai-generation.ts';
import { readRequest } from './read-request.ts';
import { serveResponses } from './responses-generation.ts';
import { allowOrigin, JSON_PLAIN, JSON_UTF8, send, sendJson } from './send.ts';

type Handler = (exchange: Exchange, state: ServerState) => void | Promise<void>;

const VERSION = '0.33.0-rc2';

/** Handlers by path and method. */
const ROUTES: Record<string, Record<string, Handler>> = {
  '/': getAndHead((exchange) => send(exchange, 200, 'text/plain; charset=utf-8', 'Ollama is running')),
  '/api/version': getAndHead((exchange, state) =>
    sendJson(exchange, 200, { version: state.spec.version ?? VERSION }),
  ),
  '/api/tags': getAndHead((exchange, state) => {
    const headers = ['Content-Type', JSON_UTF8, 'Date', new Date().toUTCString()];
    if (exchange.method === 'HEAD') return exchange.respond({ status: 200, headers, body: '' });
    sendJson(exchange, 200, listTags(state));
  }),
  '/api/ps': { GET: (exchange, state) => sendJson(exchange, 200, listResident(state)) },
  '/api/status': { GET: (exchange) => sendJson(exchange, 200, { cloud: { disabled: true, source: 'env' } }) },
  '/api/show': { POST: serveShow },
  '/api/chat': { POST: (exchange, state) => serveNativeGeneration(exchange, state, 'chat') },
  '/api/generate': { POST: (exchange, state) => serveNativeGeneration(exchange, state, 'generate') },
  '/api/embed': { POST: (exchange, state) => serveEmbeddings(exchange, state, '/api/embed') },
  '/api/embeddings': { POST: (exchange, state) => serveEmbeddings(exchange, state, '/api/embeddings') },
  '/api/pull': { POST: (exchange, state) => serveManagement(exchange, state, 'pull') },
  '/api/push': { POST: (exchange, state) => serveManagement(exchange, state, 'push') },
  '/api/create': { POST: (exchange, state) => serveManagement(exchange, state, 'create') },
  '/api/copy': { POST: (exchange, state) => serveManagement(exchange, state, 'copy') },
  '/api/delete': { DELETE: (exchange, state) => serveManagement(exchange, state, 'delete') },
  '/api/blobs/*': {
    HEAD: (exchange, state) => {
      const status = hasBlob(state, exchange) ? 200 : 404;
      exchange.respond({ status, reason: '', headers: ['Date', new Date().toUTCString()], body: '' });
    },
    POST: receiveBlob,
  },
  '/v1/models': { GET: (exchange, state) => sendJson(exchange, 200, listOpenAiModels(state), JSON_PLAIN) },
  '/v1/models/*': { GET: serveOneModel },
  '/v1/chat/completions': { POST: (exchange, state) => serveOpenAiGeneration(exchange, state, 'chat') },
  '/v1/completions': { POST: (exchange, state) => serveOpenAiGeneration(exchange, state, 'completion') },
  '/v1/embeddings': { POST: (exchange, state) => serveEmbeddings(exchange, state, '/v1/embeddings') },
  '/v1/messages': { POST: serveMessages },
  '/v1/responses': { POST: serveResponses },
};

/** Serves a request as an Ollama server that listens on loopback. */
export function serveOllama(exchange: Exchange, state: ServerState): void | Promise<void> {
  const { host, origin } = exchange.headers;
  if (host === undefined) {
    const body = '400 Bad Request: missing required Host header';
    const headers = ['Content-Type', 'text/plain; charset=utf-8', 'Connection', 'close'];
    return exchange.respond({ status: 400, headers, body, after: 'close' });
  }
  const route = findRoute(exchange.path);
  const allow = route === undefined ? undefined : Object.keys(route).reverse().join(', ');
  if (origin !== undefined && origin !== `http://${host}`) {
    if (!isLocalOrigin(origin)) return forbid(exchange, exchange.method === 'OPTIONS' ? allow : undefined);
    if (exchange.method === 'OPTIONS') return respondPreflight(exchange, origin, allow);
    allowOrigin(exchange, origin);
  }
  if (!isLocalHost(host)) return forbid(exchange, undefined);
  if (route === undefined) {
    if (!redirect(exchange)) send(exchange, 404, 'text/plain', '404 page not found');
    return;
  }
  const handler = route[exchange.method];
  if (handler !== undefined) return handler(exchange, state);
  const body = '405 method not allowed';
  const headers = [
    ...['Allow', allow ?? ''],
    ...['Content-Type', 'text/plain'],
    ...['Date', new Date().toUTCString()],
    ...['Content-Length', String(body.length)],
  ];
  exchange.respond({ status: 405, headers, body });
}

function getAndHead(handler: Handler): Record<string, Handler> {
  return { GET: handler, HEAD: handler };
}

function findRoute(path: string): Record<string, Handler> | undefined {
  const exact = ROUTES[path];
  if (exact !== undefined || path.endsWith('/')) return exact;
  const parent = path.slice(0, path.lastIndexOf('/'));
  return parent.startsWith('/v1/models') ? ROUTES['/v1/models/*'] : ROUTES[`${parent}/*`];
}

function forbid(exchange: Exchange, allow: string | undefined): void {
  const allowed = allow === undefined ? [] : ['Allow', allow];
  const headers = [...allowed, 'Date', new Date().toUTCString(), 'Content-Length', '0'];
  exchange.respond({ status: 403, headers, body: '' });
}

/** Redirects a path with a surplus slash to the route without it, as Gin does. False when there is no such route. */
function redirect(exchange: Exchange): boolean {
  const { path } = exchange;
  const single = path.replace(/\/{2,}/g, '/');
  const target = single !== path ? single : path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path;
  if (target === path || findRoute(target) === undefined) return false;
  const isGet = exchange.method === 'GET';
  const status = single === path && isGet ? 301 : 307;
  const body = isGet ? `<a href="${target}">${STATUS_CODES[status] ?? ''}</a>.\n\n` : '';
  const headers = [
    ...(isGet ? ['Content-Type', 'text/html; charset=utf-8'] : []),
    ...['Location', target],
    ...['Date', new Date().toUTCString()],
    ...['Content-Length', String(body.length)],
  ];
  exchange.respond({ status, headers, body });
  return true;
}

async function serveShow(exchange: Exchange, state: ServerState): Promise<void> {
  const read = readRequest(await exchange.body(), 'api.ShowRequest', 'missing request body');
  if ('error' in read)
    return sendFailure(exchange, state, 'native', { status: read.status, message: read.error });
  const given = read.body['model'] ?? read.body['name'];
  const name = typeof given === 'string' ? given : '';
  const model = findModel(state, name);
  if (model !== undefined) return sendJson(exchange, 200, showModel(model));
  sendFailure(exchange, state, 'native', {
    status: 404,
    message: `model '${name.includes(':') ? name : `${name}:latest`}' not found`,
  });
}

function serveOneModel(exchange: Exchange, state: ServerState): void {
  const name = decodeURIComponent(exchange.path.slice('/v1/models/'.length));
  const model = findModel(state, name);
  if (model !== undefined) return sendJson(exchange, 200, openAiModel(model), JSON_PLAIN);
  sendFailure(exchange, state, 'openai', {
    status: 404,
    message: `model '${name.includes(':') ? name : `${name}:latest`}' not found`,
  });
}
