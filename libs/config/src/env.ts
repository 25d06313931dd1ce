import leven from 'leven';
import { KEY_ROWS, type KeyRow } from './key-table.ts';

type Env = Readonly<Record<string, string | undefined>>;

/** Variables of the original Olla that set no key, each with the reason why it has no effect; null for one that has one. */
export const OTHER_VARIABLES: Readonly<Record<string, string | null>> = {
  OLLA_CONFIG_FILE: null,
  OLLA_ENABLE_PROFILER: 'Node has its own profiler: node --cpu-prof',
  OLLA_SHOW_VERSION: 'use olla --version',
  OLLA_PRETTY_LOGS: 'a terminal gets text and a pipe gets JSON; see logging.format',
  OLLA_FILE_OUTPUT: 'logs go to stdout',
  OLLA_LOG_DIR: 'logs go to stdout',
  OLLA_LOG_SIZE_MB: 'logs go to stdout',
  OLLA_LOG_MAX_BACKUPS: 'logs go to stdout',
  OLLA_LOG_MAX_AGE_DAYS: 'logs go to stdout',
  OLLA_THEME: 'there are no colour themes',
};

const KNOWN = new Set([...KEY_ROWS.flatMap(({ env }) => env), ...Object.keys(OTHER_VARIABLES)]);

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

/** Unknown `OLLA_` variables within two edits of a known one, each with the known one. */
export function misspeltVariables(env: Env): { variable: string; suggestion: string }[] {
  return Object.keys(env)
    .filter((name) => name.startsWith('OLLA_') && !KNOWN.has(name))
    .flatMap((variable) => {
      const suggestion = [...KNOWN].find((known) => leven(known, variable) <= 2);
      return suggestion === undefined ? [] : [{ variable, suggestion }];
    });
}

function isSet(env: Env, name: string): boolean {
  return env[name] !== undefined && env[name] !== '';
}
