import { jsonPath, type ApiPath } from './api-path.ts';
import { OPENAI_JSON_PATHS } from './openai-paths.ts';
import type { BackendProfile } from './profile.ts';
import { toBackendPath } from './paths.ts';
import { PROFILES } from './table.ts';

function pathsOf({ apiPaths, openAiBase, anthropic }: BackendProfile): ApiPath[] {
  const bases = openAiBase === null ? [] : ['', openAiBase];
  const openAi = bases.flatMap((base) => OPENAI_JSON_PATHS.map((path) => jsonPath(base + path)));
  const messages = [anthropic?.messagesPath, anthropic?.countTokensPath].filter((path) => path != null);
  return [...apiPaths, ...openAi, ...messages.map((path) => jsonPath(path))];
}

const ALL = PROFILES.flatMap(pathsOf);
const BY_PATH: ReadonlyMap<string, ApiPath> = new Map(ALL.map((known) => [known.path, known]));
const FOLDERS: readonly ApiPath[] = ALL.filter(({ path }) => path.endsWith('/'));

/**
 * Finds the meaning of a path in the profiles of all types. The endpoint's own type does not matter: a server may be of
 * another type than the configuration names, and would then delete a model unguarded.
 *
 * @param path decoded, without query
 */
export function findApiPath(path: string): ApiPath | null {
  return BY_PATH.get(path) ?? FOLDERS.find((folder) => path.startsWith(folder.path)) ?? null;
}

/** Whether any type has the path. */
export function isKnownPath(path: string): boolean {
  return BY_PATH.has(path) || PROFILES.some((profile) => toBackendPath(profile, path) !== null);
}
