import { allPrefixes, profileByPrefix } from '@olla/backends/table';
import type { BackendProfile } from '@olla/backends/profile';
import type { RouteScope } from '@olla/core/route-plan/fleet-view';
import { planScope } from './scopes.ts';

/** Which endpoints a relayed path may go to. */
export type RelayScope =
  /** Endpoints of one type only, in an outage too. */
  | { readonly kind: 'type'; readonly profile: BackendProfile }
  /** Every endpoint that speaks OpenAI's API. */
  | { readonly kind: 'openai' }
  /** Any endpoint that has the path. */
  | { readonly kind: 'any' };

/** What a path asks for. */
export type Route =
  | { readonly kind: 'admin' }
  | { readonly kind: 'models'; readonly id: string | null }
  | {
      readonly kind: 'relay';
      readonly scope: RelayScope;
      /** The endpoints in that scope that may have the path. */
      readonly targets: RouteScope;
      /** Path on the backend, without query, as the client wrote it. */
      readonly path: string;
      /** The path takes a JSON object; anything else is malformed. */
      readonly json: boolean;
      /** One of Ollama's calls that change models. */
      readonly management: boolean;
      /** Field of the body that names the model where `model` does not: Ollama's calls have it. */
      readonly nameField: 'name' | 'source' | null;
      /** The body is a file of any size, without a model. */
      readonly blob: boolean;
    }
  | { readonly kind: 'reserved'; readonly message: string }
  | { readonly kind: 'unknown'; readonly message: string };

const OPENAI_SEGMENTS: ReadonlySet<string> = new Set(['openai', 'openai-compatible']);

/** Paths whose body is one JSON object by the definition of their API. */
const JSON_PATHS: ReadonlySet<string> = new Set([
  '/v1/chat/completions',
  '/v1/completions',
  '/v1/embeddings',
  '/v1/responses',
  '/v1/messages',
  '/v1/messages/count_tokens',
  '/v1/rerank',
  '/v1/score',
  '/v1/images/generations',
  '/v1/audio/speech',
  '/v1/moderations',
  '/api/chat',
  '/api/generate',
  '/api/embed',
  '/api/embeddings',
  '/api/show',
  '/api/pull',
  '/api/push',
  '/api/create',
  '/api/copy',
  '/api/delete',
  '/api/v0/chat/completions',
  '/api/v0/completions',
  '/api/v0/embeddings',
  '/api/v1/chat/completions',
  '/api/v1/completions',
  '/api/v1/embeddings',
  '/engines/v1/chat/completions',
  '/engines/v1/completions',
  '/engines/v1/embeddings',
]);

const MANAGEMENT_PATHS: ReadonlySet<string> = new Set([
  '/api/pull',
  '/api/push',
  '/api/create',
  '/api/copy',
  '/api/delete',
]);

const NAME_FIELDS: ReadonlyMap<string, 'name' | 'source'> = new Map([
  ['/api/show', 'name'],
  ['/api/pull', 'name'],
  ['/api/push', 'name'],
  ['/api/create', 'name'],
  ['/api/delete', 'name'],
  ['/api/copy', 'source'],
]);

/** Clients use few paths; what is beyond it is worked out again. */
const MAX_KNOWN_ROUTES = 1_024;
const MAX_KNOWN_LENGTH = 256;
const knownRoutes = new Map<string, Map<string, Route>>();

/** The same as `matchRoute`, remembered for the paths of late. */
export function findRoute(method: string, path: string): Route {
  if (path.length > MAX_KNOWN_LENGTH) return matchRoute(method, path);
  let ofMethod = knownRoutes.get(method);
  if (ofMethod === undefined) {
    if (knownRoutes.size > 16) knownRoutes.clear();
    knownRoutes.set(method, (ofMethod = new Map()));
  }
  let route = ofMethod.get(path);
  if (route === undefined) {
    if (ofMethod.size >= MAX_KNOWN_ROUTES) ofMethod.clear();
    ofMethod.set(path, (route = matchRoute(method, path)));
  }
  return route;
}

/**
 * Finds the route of a path. Pure.
 *
 * @param path of the request, without query, escapes untouched
 */
export function matchRoute(method: string, path: string): Route {
  if (path.startsWith('/internal/') || path === '/internal' || path === '/version') return { kind: 'admin' };
  if (!path.startsWith('/olla/')) return unknownPath(path);
  const end = path.indexOf('/', 6);
  const segment = end === -1 ? path.slice(6) : path.slice(6, end);
  const rest = end === -1 ? '/' : path.slice(end);
  if (segment === 'models') return { kind: 'models', id: rest.length > 1 ? rest.slice(1) : null };
  if (segment === 'anthropic')
    return {
      kind: 'reserved',
      message:
        'the Anthropic routes do not answer in this version. Backends that speak the messages API themselves can be reached under their own prefix, such as /olla/ollama/v1/messages',
    };
  const scope = scopeOf(segment);
  if (scope === null) return unknownPath(path);
  // The root is an address of a server too: the command of Ollama asks it before everything else.
  if (rest === '/' && scope.kind !== 'type') return unknownPath(path);
  if (scope.kind === 'openai' && !rest.startsWith('/v1/'))
    return {
      kind: 'unknown',
      message: `${path} is no path of OpenAI's API: below /olla/${segment}/ every path begins with v1/. Native paths are under their backend's own prefix`,
    };
  // Relayed as it is, but judged as a server reads it: `/api/%64elete` is no way around what guards `/api/delete`.
  const read = rest.includes('%') ? decodedPath(rest) : rest;
  const blob = read.startsWith('/api/blobs/');
  return {
    kind: 'relay',
    scope,
    targets: planScope(scope, read),
    path: rest,
    json: method === 'POST' && JSON_PATHS.has(read),
    management: MANAGEMENT_PATHS.has(read) || (blob && method !== 'HEAD'),
    nameField: NAME_FIELDS.get(read) ?? null,
    blob,
  };
}

/** A path with its escapes read; what is no valid escape stands for itself. */
export function decodedPath(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}

function scopeOf(segment: string): RelayScope | null {
  if (segment === 'proxy') return ANY;
  if (OPENAI_SEGMENTS.has(segment)) return OPENAI;
  const profile = profileByPrefix(segment);
  if (profile === undefined) return null;
  let scope = TYPE_SCOPES.get(segment);
  if (scope === undefined) TYPE_SCOPES.set(segment, (scope = { kind: 'type', profile }));
  return scope;
}

const ANY: RelayScope = { kind: 'any' };
const OPENAI: RelayScope = { kind: 'openai' };
const TYPE_SCOPES = new Map<string, RelayScope>();

function unknownPath(path: string): Route {
  return {
    kind: 'unknown',
    message: `no route has the path ${printable(path)}. Models are listed at /olla/models; backends are reached at ${allPrefixes()
      .map((prefix) => `/olla/${prefix}/`)
      .join(' ')} /olla/proxy/; the state of the gateway is at /internal/status`,
  };
}

/** A client's text as it may stand in a message: bounded, and without what a terminal would obey. */
export function printable(text: string): string {
  const clean = text.replace(/[^\x20-\x7e]/g, '?');
  return clean.length > 120 ? `${clean.slice(0, 117)}...` : clean;
}
