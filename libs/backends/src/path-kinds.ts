import type { BackendType } from '@olla/core/backend-type';
import { createRuleSet, parseRule, type RuleSet } from './path-rule.ts';
import { toBackendPath } from './paths.ts';
import type { BackendProfile } from './profile.ts';
import { PROFILES } from './table.ts';

/**
 * Versions and bases of an API in front of what a path means: `/v1/load`, `/api/v1/load` and `/load` are one to judge. An
 * endpoint's URL, its type's base or the server itself may add or drop them. Docker Desktop has `/exp/vDD4.40` there.
 */
const API_BASE = /^\/(?:exp\/vdd[\d.]+|(?:(?:api|engines(?:\/[^/]+)?)\/)?v\d+(?:beta\d*)?)(?=\/)/;

function withoutBase(path: string): string {
  return path.replace(API_BASE, '');
}

/** Of all types: a server may be another than its type in the configuration says. */
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
 * Whether a request manages a server, whatever its type: its models, its keys, its configuration. Letter case does not
 * count, because it does not for some servers.
 *
 * @param path decoded and normalised, without query
 */
export function isManagement(method: string, path: string): boolean {
  const lower = judged(path).toLowerCase();
  return MANAGEMENT.fits(method, lower) || MANAGEMENT.fits(method, withoutBase(lower));
}

const USE: ReadonlyMap<BackendType, RuleSet> = new Map(
  PROFILES.map(({ type, usePaths }: BackendProfile) => [type, createRuleSet(usePaths)]),
);

/**
 * The types on whose servers a request is inference or reading, and nothing else.
 *
 * @param path decoded and normalised, without query
 */
export function typesThatUse(method: string, path: string): ReadonlySet<BackendType> {
  if (isManagement(method, path)) return setOf([]);
  const types: BackendType[] = [];
  const own = judged(path);
  for (const profile of PROFILES) {
    const backend = toBackendPath(profile, own) ?? own;
    // A question about the path itself changes nothing.
    const isUse =
      method === 'OPTIONS' ||
      USE.get(profile.type)?.fits(method, own) === true ||
      USE.get(profile.type)?.fits(method, backend) === true;
    if (isUse && !isManagement(method, backend)) types.push(profile.type);
  }
  return setOf(types);
}

/** One for each combination: the results are kept with the routes, of which there may be thousands. */
const SETS = new Map<string, ReadonlySet<BackendType>>();

function setOf(types: readonly BackendType[]): ReadonlySet<BackendType> {
  const key = types.join(' ');
  let set = SETS.get(key);
  if (set === undefined) SETS.set(key, (set = new Set(types)));
  return set;
}

function judged(path: string): string {
  return path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path;
}
