import type { BackendType } from '@olla/core/backend-type';
import { createRuleSet, parseRule, type RuleSet } from './path-rule.ts';
import { toBackendPath } from './paths.ts';
import type { BackendProfile } from './profile.ts';
import { PROFILES } from './table.ts';

/**
 * Versions and bases of an API before the rest of a path: `/v1/load`, `/api/v1/load` and `/load` are checked as one. An
 * endpoint's URL, its type's base or the server itself may add or drop them. Docker Desktop has `/exp/vDD4.40` there.
 */
const API_BASE = /^\/(?:exp\/vdd[\d.]+|(?:(?:api|engines(?:\/[^/]+)?)\/)?v\d+(?:beta\d*)?)(?=\/)/;

function withoutBase(path: string): string {
  return path.replace(API_BASE, '');
}

/** For all types: a server may be of another type than the configuration names. */
const MANAGEMENT: RuleSet = createRuleSet([
  ...new Set(
    PROFILES.flatMap(({ managementPaths }: BackendProfile) =>
      managementPaths.flatMap((rule) => {
        const { path } = parseRule(rule);
        const lower = (text: string): string => rule.slice(0, -path.length) + text.toLowerCase();
        return [lower(path), lower(withoutBase(path))];
      }),
    ),
  ),
]);

/**
 * Whether a request manages a server of any type: its models, its keys, its configuration. Letter case does not matter,
 * because some servers ignore it.
 *
 * @param path decoded and normalised, without query
 */
export function isManagement(method: string, path: string): boolean {
  const lower = withoutEndSlash(path).toLowerCase();
  return MANAGEMENT.fits(method, lower) || MANAGEMENT.fits(method, withoutBase(lower));
}

const USE: ReadonlyMap<BackendType, RuleSet> = new Map(
  PROFILES.map(({ type, usePaths }: BackendProfile) => [type, createRuleSet(usePaths)]),
);

/**
 * The types at whose servers a request is only inference or reading.
 *
 * @param path decoded and normalised, without query
 */
export function typesThatUse(method: string, path: string): ReadonlySet<BackendType> {
  if (isManagement(method, path)) return setOf([]);
  const types: BackendType[] = [];
  const own = withoutEndSlash(path);
  for (const profile of PROFILES) {
    const backend = toBackendPath(profile, own) ?? own;
    // OPTIONS asks about the path itself and changes nothing.
    const isUse =
      method === 'OPTIONS' ||
      USE.get(profile.type)?.fits(method, own) === true ||
      USE.get(profile.type)?.fits(method, backend) === true;
    if (isUse && !isManagement(method, backend)) types.push(profile.type);
  }
  return setOf(types);
}

/** One set for each combination: the results are stored with the routes, of which there may be thousands. */
const SETS = new Map<string, ReadonlySet<BackendType>>();

function setOf(types: readonly BackendType[]): ReadonlySet<BackendType> {
  const key = types.join(' ');
  let set = SETS.get(key);
  if (set === undefined) SETS.set(key, (set = new Set(types)));
  return set;
}

function withoutEndSlash(path: string): string {
  return path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path;
}
