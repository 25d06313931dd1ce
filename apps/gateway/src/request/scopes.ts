import { DEFAULT_PROFILE, PROFILES } from '@olla/backends/table';
import { isOpenAiPath, toBackendPath } from '@olla/backends/paths';
import type { BackendProfile } from '@olla/backends/profile';
import type { BackendType } from '@olla/core/backend-type';
import type { RouteScope } from '@olla/core/route-plan/fleet-view';
import type { RelayScope } from './routes.ts';

const ALL: readonly BackendProfile[] = PROFILES;

function scopeOf(label: string, profiles: readonly BackendProfile[]): RouteScope {
  return { label, types: new Set<BackendType>(profiles.map((profile) => profile.type)) };
}

const OPENAI = scopeOf(
  `/olla/${DEFAULT_PROFILE.prefixes[0]}`,
  ALL.filter((profile) => profile.openAiBase !== null),
);
const BY_TYPE = new Map(
  ALL.map((profile) => [profile.type, scopeOf(`/olla/${profile.prefixes[0]}`, [profile])]),
);
/** One scope for each set of types: the fleet view remembers what it computed for a scope by its identity. */
const BY_TYPES = new Map<string, RouteScope>();

/** The endpoints that a relayed path may go to, by their types. */
export function planScope(scope: RelayScope, path: string): RouteScope {
  if (scope.kind === 'openai') return OPENAI;
  if (scope.kind === 'type') return BY_TYPE.get(scope.profile.type) as RouteScope;
  const knowing = ALL.filter((profile) => toBackendPath(profile, path) !== null);
  // A path that no profile has may be an extension of any server.
  const able = knowing.length === 0 ? ALL : knowing;
  const key = able.map((profile) => profile.type).join(' ');
  let known = BY_TYPES.get(key);
  if (known === undefined) BY_TYPES.set(key, (known = scopeOf('/olla/proxy', able)));
  return known;
}

/** The path on the chosen backend: an OpenAI path behind the type's own base, any other as it is. */
export function backendPath(profile: BackendProfile, path: string): string {
  return isOpenAiPath(path) ? (toBackendPath(profile, path) ?? path) : path;
}
