import { PLAIN_RULES } from '@olla/core/body/read-model';
import { PLAIN_NAMES } from '@olla/core/catalog/names/name-rules';
import type { BackendType } from '@olla/core/backend-type';
import type { BackendProfile } from './profile.ts';
import { behindBase, OPENAI_MANAGEMENT, OPENAI_USE } from './openai-paths.ts';
import { openAiListings } from './listings/fleet-listing.ts';
import { checkAccess, checkStatus } from './reading/health.ts';
import { readOpenAiList } from './reading/openai-list.ts';

type Defaulted =
  | 'typeAliases'
  | 'modelsChange'
  | 'modelsFallbackPaths'
  | 'furtherList'
  | 'openAiBase'
  | 'anthropic'
  | 'nativePaths'
  | 'apiPaths'
  | 'usePaths'
  | 'managementPaths'
  | 'checkHealth'
  | 'checkModelsAccess'
  | 'readModels'
  | 'listings'
  | 'modelsFormat'
  | 'unloadedWord'
  | 'signals'
  | 'details'
  | 'names'
  | 'modelRules'
  | 'requestHeaders'
  | 'contractName'
  | 'versionName';

const NOTHING: ReadonlySet<string> = new Set();

/** Completes a profile with the values of a plain OpenAI-compatible server. */
export function defineProfile<const Type extends BackendType>(
  profile: Omit<BackendProfile<Type>, Defaulted> & Partial<Pick<BackendProfile, Defaulted>>,
): BackendProfile<Type> {
  const openAiBase = profile.openAiBase === undefined ? '' : profile.openAiBase;
  const bases = openAiBase === null ? [] : [...new Set(['', openAiBase])];
  const openAi = bases.flatMap((base) => behindBase(base, OPENAI_USE));
  return {
    typeAliases: [],
    contractName: profile.type,
    versionName: profile.type,
    modelsChange: true,
    modelsFallbackPaths: [],
    furtherList: null,
    openAiBase,
    anthropic: null,
    nativePaths: [],
    apiPaths: [],
    checkHealth: checkStatus,
    checkModelsAccess: checkAccess,
    readModels: (body) => readOpenAiList(body),
    listings: openAiBase === null ? [] : openAiListings(openAiBase),
    modelsFormat: null,
    unloadedWord: 'available',
    signals: [],
    details: null,
    names: PLAIN_NAMES,
    modelRules: PLAIN_RULES,
    requestHeaders: { drop: NOTHING },
    ...profile,
    // Reading a server's root changes nothing.
    usePaths: ['GET /', ...openAi, ...(profile.usePaths ?? [])],
    managementPaths: [...OPENAI_MANAGEMENT, ...(profile.managementPaths ?? [])],
  };
}
