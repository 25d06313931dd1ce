import { DEFAULT_PROFILE, PROFILES } from '@olla/backends/table';
import { isOpenAiPath, toBackendPath } from '@olla/backends/paths';
import type { BackendProfile } from '@olla/backends/profile';
import type { BackendType } from '@olla/core/backend-type';
import type { RouteScope } from '@olla/core/route-plan/fleet-view';

/** Which endpoints a relayed path may go to. */
export type RelayScope =
  /** Endpoints of one type only, even in an outage. */
  | { readonly kind: 'type'; readonly profile: BackendProfile }
  /** Every endpoint that speaks OpenAI's API. */
  | { readonly kind: 'openai' }
  /** Any endpoint that has the path. */
  | { readonly kind: 'any' };

const ALL: readonly BackendProfile[] = PROFILES;

function scopeOf(label: string, profiles: readonly BackendProfile[]): RouteScope {
  return { label, types: new Set<BackendType>(profiles.map((profile) => profile.type)) };
}

const OPENAI = scopeOf(
  `/olla/${DEFAULT_PROFILE.prefixes[0]}`,
  ALL.filter((profile) => profile.openAiBase !== null),
);
/** One scope for each label and set of types: the fleet view caches its results by the identity of a scope. */
const made = new Map<string, RouteScope>();

/** The endpoints that a relayed path may go to, by their types. */
export function planScope(scope: RelayScope, path: string): RouteScope {
  if (scope.kind === 'openai') return OPENAI;
  if (scope.kind === 'type') return onceMade(`/olla/${scope.profile.prefixes[0]}`, [scope.profile]);
  const knowing = ALL.filter((profile) => toBackendPath(profile, path) !== null);
  // A path that no profile has may be an extension of any server.
  const able = knowing.length === 0 ? ALL : knowing;
  return onceMade('/olla/proxy', able);
}

/** Some of a route's endpoints, by their types. */
export function scopeOfTypes(label: string, types: readonly BackendType[]): RouteScope {
  return onceMade(
    label,
    ALL.filter(({ type }) => types.includes(type)),
  );
}

function onceMade(label: string, profiles: readonly BackendProfile[]): RouteScope {
  const key = [label, ...profiles.map((profile) => profile.type)].join(' ');
  let scope = made.get(key);
  if (scope === undefined) made.set(key, (scope = scopeOf(label, profiles)));
  return scope;
}

/** The path on the chosen backend: an OpenAI path behind the type's own base, any other unchanged. */
export function backendPath(profile: BackendProfile, path: string): string {
  return isOpenAiPath(path) ? (toBackendPath(profile, path) ?? path) : path;
}
