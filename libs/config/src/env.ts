import { KEY_ROWS, type KeyRow } from './key-table.ts';
import { nearestWord } from './nearest-word.ts';
import { findServiceLinks, isOfService } from './service-links.ts';

type Env = Readonly<Record<string, string | undefined>>;

/** Variables of the original Olla that set no key, each with the reason why it has no effect; null for one that has one. */
export const OTHER_VARIABLES: Readonly<Record<string, string | null>> = {
  OLLA_CONFIG_FILE: null,
  OLLA_ENABLE_PROFILER: 'Node has its own profiler: node --cpu-prof',
  OLLA_SHOW_VERSION: 'use olla --version',
  OLLA_THEME: 'there are no colour themes',
  OLLA_FORCE_COLORS: 'set FORCE_COLOR',
  OLLA_MODEL_UNIFIER_CACHE_TTL: 'the models of all endpoints are always merged into one catalog',
};

/** Variables of the command line tools and of the gateway's own processes, which are no part of the configuration. */
const OWN = [
  'OLLA_GATEWAY',
  'OLLA_CHILD',
  'OLLA_VERSION',
  'OLLA_BUNDLE',
  'OLLA_COMMIT',
  'OLLA_BUILT_AT',
  'OLLA_SOURCE',
];

const KNOWN = new Set([...KEY_ROWS.flatMap(({ env }) => env), ...Object.keys(OTHER_VARIABLES), ...OWN]);

export function isKnownVariable(name: string): boolean {
  return KNOWN.has(name);
}

/** A key that an environment variable sets. */
export interface EnvSetting {
  readonly row: KeyRow;
  readonly variable: string;
  readonly text: string;
}

/** The keys that the environment sets. An empty variable sets nothing. */
export function readEnv(env: Env): EnvSetting[] {
  return KEY_ROWS.flatMap((row) => {
    const variable = row.env.find((name) => isSet(env, name));
    return variable === undefined ? [] : [{ row, variable, text: env[variable] ?? '' }];
  });
}

/** Variables of the original Olla that are set and have no effect, each with the reason. */
export function variablesWithoutEffect(env: Env): { variable: string; why: string }[] {
  return Object.entries(OTHER_VARIABLES).flatMap(([variable, why]) =>
    why !== null && isSet(env, variable) ? [{ variable, why }] : [],
  );
}

/** Unknown `OLLA_` variables, each with the known one that is probably meant; null if none is near. */
export function unknownVariables(env: Env): { variable: string; suggestion: string | null }[] {
  const links = new Set(findServiceLinks(env).map(({ variable }) => variable));
  return Object.keys(env)
    .filter((name) => name.startsWith('OLLA_') && isSet(env, name) && !KNOWN.has(name))
    .filter((name) => !links.has(name) && !isOfService(name))
    .map((variable) => ({ variable, suggestion: nearestVariable(variable) }));
}

/** `OLLA_PORT` is probably OLLA_SERVER_PORT; other mistakes are of spelling. */
function nearestVariable(variable: string): string | null {
  const ending = variable.slice('OLLA'.length);
  const names = KEY_ROWS.flatMap(({ env }) => env);
  return names.find((name) => name.endsWith(ending)) ?? nearestWord(variable, names);
}

function isSet(env: Env, name: string): boolean {
  return env[name] !== undefined && env[name] !== '';
}
