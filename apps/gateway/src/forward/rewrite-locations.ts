import { atBase } from '@olla/backends/base-path';
import type { BackendProfile } from '@olla/backends/profile';
import type { Endpoint } from '../fleet/endpoints.ts';
import { backendPath, type RelayScope } from '../request/scopes.ts';

export interface LocationFacts {
  readonly endpoint: Pick<Endpoint, 'scheme' | 'host' | 'base'>;
  readonly profile: BackendProfile;
  readonly scope: RelayScope;
  /** Path and query of the request at the backend. */
  readonly target: string;
  /** Path of the request at the gateway, without query. */
  readonly path: string;
}

/**
 * Changes Location and Content-Location (RFC 9110 §10.2.2, §8.7) of a backend in place. A URL within the backend's
 * origin is mapped to the gateway, because clients may not reach the backend, and the gateway's paths differ. The
 * gateway itself follows no redirect, so that an endpoint's credentials go nowhere else.
 * @param headers flat
 */
export function rewriteLocations(headers: string[], facts: LocationFacts): void {
  for (let i = 0; i + 1 < headers.length; i += 2) {
    const name = headers[i] as string;
    if (name.length !== 8 && name.length !== 16) continue;
    const lower = name.toLowerCase();
    if (lower === 'location' || lower === 'content-location')
      headers[i + 1] = rewriteLocation(headers[i + 1] as string, facts);
  }
}

/** @param value a URI or a reference relative to the request's; other values and other targets are unchanged */
export function rewriteLocation(value: string, { endpoint, profile, ...facts }: LocationFacts): string {
  const url = URL.parse(value, `${endpoint.scheme}://${endpoint.host}${facts.target}`);
  // A server behind a proxy that ends TLS does not know its own scheme.
  if (url === null || !/^https?:$/.test(url.protocol) || url.host !== endpoint.host) return value;
  const path = clientPath(url.pathname, endpoint, profile);
  return (path === null ? url.pathname : prefixFor(path, facts) + path) + url.search + url.hash;
}

/** The gateway's path for this path of the backend; null if there is none. */
function clientPath(
  path: string,
  { base }: LocationFacts['endpoint'],
  profile: BackendProfile,
): string | null {
  const starts = [base.api, `${base.prefix}${profile.openAiBase ?? ''}/v1`];
  const candidates = starts
    .filter((start) => start !== null && (path === start || path.startsWith(`${start}/`)))
    .map((start) => `/v1${path.slice((start as string).length)}`);
  if (path.startsWith(`${base.prefix}/`)) candidates.push(path.slice(base.prefix.length));
  return (
    candidates.find((candidate) => atBase(base, profile, backendPath(profile, candidate)) === path) ?? null
  );
}

/** The prefix that the client used, if it has the path. */
function prefixFor(path: string, { scope, path: requested }: Pick<LocationFacts, 'scope' | 'path'>): string {
  if (scope.kind === 'openai' && !path.startsWith('/v1/')) return '/olla/proxy';
  const end = requested.indexOf('/', '/olla/'.length);
  return end === -1 ? requested : requested.slice(0, end);
}
