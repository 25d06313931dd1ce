import type { BackendProfile } from './profile.ts';

/** Where on its server an endpoint has its API, by the path of the endpoint's URL. */
export interface BasePath {
  /** In front of every path; empty for the root. */
  readonly prefix: string;
  /**
   * The URL is the base of an API, as providers document it for OpenAI's clients: `/v1`, `/api/paas/v4`. The part of an
   * OpenAI path after `/v1` is appended to it. Null for another path.
   */
  readonly api: string | null;
}

const VERSION = /^v\d+(?:[a-z]+\d*)?$/i;
const PRODUCT = /^open(?:ai|api)$/i;

/** The part of a path that is an API's version, at its end: `/v1` of `/api/v1`, `/v1beta/openai`. */
function versionPart(path: string): string | null {
  const segments = path.split('/').slice(1);
  const last = segments.at(-1) ?? '';
  if (VERSION.test(last)) return `/${last}`;
  const version = segments.findLastIndex((segment) => VERSION.test(segment));
  return PRODUCT.test(last) && version >= 0 ? `/${segments.slice(version).join('/')}` : null;
}

/**
 * @param path of the endpoint's URL
 * @param keep put a path that is no base of an API before relayed paths too, instead of dropping it
 */
export function basePathOf(path: string, keep: boolean): BasePath {
  const base = path.replace(/\/+$/, '');
  const version = versionPart(base);
  if (version === null) return { prefix: keep ? base : '', api: null };
  return { prefix: base.slice(0, -version.length), api: base };
}

/** Whether the path of an endpoint's URL is not used for relayed requests and probes. */
export function isDropped(path: string, keep: boolean): boolean {
  return !keep && /[^/]/.test(path) && basePathOf(path, keep).api === null;
}

/**
 * The path on an endpoint's server for a path of its type, which begins at the server's root.
 *
 * @param profile null while the type is not known
 */
export function atBase(base: BasePath, profile: BackendProfile | null, path: string): string {
  const { api } = base;
  if (api === null) return base.prefix + path;
  const openAi = profile?.openAiBase ?? '';
  const own = profile?.nativePaths.find((start) => api.endsWith(start)) ?? null;
  // For example LM Studio's `/api/v1`, which is not the server's OpenAI API.
  if (own !== null && own !== `${openAi}/v1`) return api.slice(0, -own.length) + path;
  if (path.startsWith(`${openAi}/v1/`)) return api + path.slice(openAi.length + '/v1'.length);
  const joined = joinOverlapping(api, path);
  if (joined !== null) return joined;
  const root = openAi === '' ? -1 : api.lastIndexOf(`${openAi}/`);
  return (root < 0 ? base.prefix : api.slice(0, root)) + path;
}

/** Joins a path to a base whose end is the path's beginning: `/a/v1` and `/v1/b` give `/a/v1/b`. Null for others. */
export function joinOverlapping(base: string, path: string): string | null {
  for (let at = base.indexOf('/'); at >= 0; at = base.indexOf('/', at + 1)) {
    const end = base.slice(at);
    if (path === end || path.startsWith(`${end}/`)) return base.slice(0, at) + path;
  }
  return null;
}
