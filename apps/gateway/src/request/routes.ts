import type { ApiPath } from '@olla/backends/api-path';
import { findApiPath, isKnownPath } from '@olla/backends/find-api-path';
import { modelInPath, type ModelInPath } from '@olla/backends/model-in-path';
import { isManagement, typesThatUse } from '@olla/backends/path-kinds';
import { allPrefixes, DEFAULT_PROFILE, profileByPrefix } from '@olla/backends/table';
import type { BackendType } from '@olla/core/backend-type';
import { decodeLeniently, pathFault } from '@olla/core/http/normalize-path';
import type { RouteScope } from '@olla/core/route-plan/fleet-view';
import { planScope, type RelayScope } from './scopes.ts';

/** The target of a path. */
export type Route =
  | { readonly kind: 'admin'; readonly path: string }
  | { readonly kind: 'models'; readonly id: string | null }
  | {
      readonly kind: 'relay';
      readonly scope: RelayScope;
      /** The endpoints in that scope that may have the path. */
      readonly targets: RouteScope;
      /** Path on the backend, without query; escapes as the client wrote them. */
      readonly path: string;
      /** Methods that the path may take besides GET, POST and OPTIONS. */
      readonly methods: readonly string[];
      /** The path takes only a JSON object; any other body is malformed. */
      readonly json: boolean;
      /** Servers read a body at this path as JSON, with any method and any Content-Type. */
      readonly readsJson: boolean;
      /** It manages a server of any type (docs/management.md). */
      readonly isManagement: boolean;
      /** The types at whose servers it is inference or reading. */
      readonly usedBy: ReadonlySet<BackendType>;
      /** It changes the models of one server, chosen by their names. */
      readonly management: boolean;
      /** It may add a model that no server has. */
      readonly addsModel: boolean;
      /** Field of the body that names the model instead of `model`. */
      readonly nameField: ApiPath['nameField'];
      /** Field of the body that names the base of a new model. */
      readonly baseField: ApiPath['baseField'];
      /** The part of the path that may be a model; null for none. */
      readonly modelInPath: ModelInPath | null;
      /** Whether it unloads its model from memory. */
      readonly unloads: ApiPath['unloads'];
      /** How its body names files that were sent before. */
      readonly files: ApiPath['files'];
      /** Its effect on the names of a server when it succeeds. */
      readonly effect: ApiPath['effect'];
      /** The body is a file of any size, without a model. */
      readonly blob: boolean;
    }
  | {
      readonly kind: 'malformed';
      readonly code: 'BAD_REQUEST' | 'URI_TOO_LONG';
      readonly message: string;
    }
  | { readonly kind: 'reserved'; readonly message: string }
  | { readonly kind: 'unknown'; readonly message: string };

export type RelayRoute = Extract<Route, { kind: 'relay' }>;

/** Bounds of the cache of routes: clients use few paths, but may send any. */
const MAX_KNOWN_ROUTES = 1_024;
const MAX_KNOWN_LENGTH = 256;
/** RFC 9110 §4.1 recommends at least 8,000 bytes. A path is read before the limits of its client are known. */
const MAX_PATH_LENGTH = 8_192;
const knownRoutes = new Map<string, Map<string, Route>>();

/** `matchRoute` with a cache of recent paths. */
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
 * @param path of the request, normalised (see normalize-path.ts), without query
 */
export function matchRoute(method: string, path: string): Route {
  if (path.length > MAX_PATH_LENGTH)
    return {
      kind: 'malformed',
      code: 'URI_TOO_LONG',
      message: `the path has ${path.length} characters; more than ${MAX_PATH_LENGTH} are not read. What is long belongs into the body or the query`,
    };
  const fault = pathFault(path);
  if (fault !== null)
    return {
      kind: 'malformed',
      code: 'BAD_REQUEST',
      message: `the path ${printable(path)} has ${fault}, which no path may have`,
    };
  if (!path.startsWith('/olla/')) {
    const own = withoutEndSlash(path);
    const isAdmin = own.startsWith('/internal/') || own === '/internal' || own === '/version';
    return isAdmin ? { kind: 'admin', path: own } : unknownPath(path);
  }
  const end = path.indexOf('/', 6);
  const segment = end === -1 ? path.slice(6) : path.slice(6, end);
  const rest = end === -1 ? '/' : path.slice(end);
  if (segment === 'models')
    return { kind: 'models', id: rest.length > 1 ? withoutEndSlash(rest).slice(1) : null };
  if (segment === 'anthropic')
    return {
      kind: 'reserved',
      message:
        'the Anthropic routes do not answer in this version. Backends that speak the messages API themselves can be reached under their own prefix, such as /olla/ollama/v1/messages',
    };
  const scope = scopeOf(segment);
  if (scope === null) return unknownPath(path);
  // Servers answer at their root too. Ollama's command requests it first.
  if (rest === '/' && scope.kind !== 'type') return unknownPath(path);
  if (scope.kind === 'openai' && !rest.startsWith('/v1/'))
    return {
      kind: 'unknown',
      message: `${path} is no path of OpenAI's API: below /olla/${segment}/ every path begins with v1/. Native paths are under their backend's own prefix`,
    };
  // A slash at the end matters only if it may be another page, such as a folder of a server's web pages.
  const trimmed = withoutEndSlash(rest);
  // Its escapes are relayed unchanged, but it is classified as the server reads it: `/api/%64elete` is `/api/delete`.
  const trimmedRead = decodeLeniently(trimmed);
  const relayed = isKnownPath(trimmedRead) ? trimmed : rest;
  const read = relayed === trimmed ? trimmedRead : decodeLeniently(relayed);
  const known = findApiPath(read) ?? findApiPath(withoutEndSlash(read));
  const blob = known?.body === 'file';
  const inPath = known === null ? modelInPath(read) : null;
  return {
    kind: 'relay',
    scope,
    targets: planScope(scope, read),
    path: relayed,
    methods: known?.body === 'json' && known.management === null ? [] : OTHER_METHODS,
    json: method === 'POST' && known?.body === 'json',
    isManagement: isManagement(method, read),
    usedBy: typesThatUse(method, read),
    readsJson: known?.body === 'json',
    management: known !== null && known.management !== null && !(blob && method === 'HEAD'),
    addsModel: known?.management === 'adds',
    nameField: known?.nameField ?? null,
    baseField: known?.baseField ?? null,
    modelInPath: inPath,
    unloads: known?.unloads ?? (inPath?.isUnload === true ? 'always' : null),
    files: known?.files ?? null,
    effect: known?.effect ?? null,
    blob,
  };
}

function withoutEndSlash(path: string): string {
  return path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path;
}

/** The path with its escapes decoded; unchanged if one of them is not valid. */
export function decodedPath(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}

function scopeOf(segment: string): RelayScope | null {
  if (segment === 'proxy') return ANY;
  const profile = profileByPrefix(segment);
  if (profile === undefined) return null;
  // For endpoints of this type only OpenAI's API is known, so its prefixes lead to all endpoints with that API.
  if (profile === DEFAULT_PROFILE) return OPENAI;
  let scope = TYPE_SCOPES.get(segment);
  if (scope === undefined) TYPE_SCOPES.set(segment, (scope = { kind: 'type', profile }));
  return scope;
}

const OTHER_METHODS = ['HEAD', 'PUT', 'PATCH', 'DELETE'];
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

/** A client's text for a message: at most 120 characters, with `?` for what is not printable ASCII. */
export function printable(text: string): string {
  const clean = text.replace(/[^\x20-\x7e]/g, '?');
  return clean.length > 120 ? `${clean.slice(0, 117)}...` : clean;
}
