import { PLAIN_NAMES } from '@olla/core/catalog/names/name-rules';
import type { BackendProfile } from './profile.ts';
import { checkAccess, checkStatus } from './reading/health.ts';
import { isOpenAiList, parseOpenAiList } from './reading/openai-list.ts';

type Defaulted =
  | 'modelsFallbackPath'
  | 'openAiBase'
  | 'anthropic'
  | 'nativePaths'
  | 'checkHealth'
  | 'checkModelsAccess'
  | 'parseModels'
  | 'isModelList'
  | 'signals'
  | 'details'
  | 'names'
  | 'requestHeaders'
  | 'detect'
  | 'contractName';

const NOTHING: ReadonlySet<string> = new Set();

/** A profile of which only what differs from a plain OpenAI-compatible server has to be said. */
export function defineProfile(
  profile: Omit<BackendProfile, Defaulted> & Partial<Pick<BackendProfile, Defaulted>>,
): BackendProfile {
  return {
    contractName: profile.type,
    modelsFallbackPath: null,
    openAiBase: '',
    anthropic: null,
    nativePaths: [],
    checkHealth: checkStatus,
    checkModelsAccess: checkAccess,
    parseModels: (body) => parseOpenAiList(body),
    isModelList: isOpenAiList,
    signals: [],
    details: null,
    names: PLAIN_NAMES,
    requestHeaders: { drop: NOTHING },
    detect: null,
    ...profile,
  };
}
