import type { BackendType } from '@olla/core/backend-type';
import type { BackendProfile } from './profile.ts';
import { dockerModelRunner } from './types/docker-model-runner.ts';
import { lemonade } from './types/lemonade.ts';
import { litellm } from './types/litellm.ts';
import { llamacpp } from './types/llamacpp.ts';
import { lmStudio } from './types/lm-studio.ts';
import { lmdeploy } from './types/lmdeploy.ts';
import { ollama } from './types/ollama.ts';
import { omlx } from './types/omlx.ts';
import { openAiCompatible } from './types/openai-compatible.ts';
import { rapidMlx } from './types/rapid-mlx.ts';
import { sglang } from './types/sglang.ts';
import { vllmMlx } from './types/vllm-mlx.ts';
import { vllm } from './types/vllm.ts';

/**
 * The one list of backend types. The order matters only for `type: auto`: a server is compared with the types from the
 * top, so a type with general signs is below those with specific signs.
 */
export const PROFILES = [
  // Above Ollama, because it has Ollama's API too.
  lemonade,
  ollama,
  lmStudio,
  llamacpp,
  vllmMlx,
  vllm,
  sglang,
  lmdeploy,
  omlx,
  rapidMlx,
  litellm,
  dockerModelRunner,
  openAiCompatible,
] as const satisfies readonly BackendProfile[];

/** The types that this version knows. */
export type KnownBackendType = (typeof PROFILES)[number]['type'];

/** The type of a server of unknown type. */
export const DEFAULT_PROFILE: BackendProfile<KnownBackendType> = openAiCompatible;

/** Types by their words in a configuration: the type, its aliases and its route prefixes. */
export const TYPES_BY_WORD: ReadonlyMap<string, KnownBackendType> = new Map(
  PROFILES.flatMap(({ type, typeAliases, prefixes }) =>
    [type, ...typeAliases, ...prefixes].map((word) => [word, type] as const),
  ),
);

const BY_TYPE: ReadonlyMap<BackendType, BackendProfile> = new Map(
  PROFILES.map((profile) => [profile.type, profile]),
);

export function profileOf(type: KnownBackendType): BackendProfile {
  return profileOrDefault(type);
}

/**
 * The profile of a type in a snapshot. An agent of a newer version may name an unknown type, which gets the default.
 */
export function profileOrDefault(type: BackendType): BackendProfile {
  return BY_TYPE.get(type) ?? DEFAULT_PROFILE;
}

/** Profiles by their prefixes. @throws RangeError if two share one */
export function indexPrefixes(profiles: readonly BackendProfile[]): ReadonlyMap<string, BackendProfile> {
  const byPrefix = new Map<string, BackendProfile>();
  for (const profile of profiles) {
    for (const prefix of profile.prefixes) {
      const other = byPrefix.get(prefix);
      if (other !== undefined)
        throw new RangeError(`${profile.type} and ${other.type} share the prefix ${prefix}`);
      byPrefix.set(prefix, profile);
    }
  }
  return byPrefix;
}

const BY_PREFIX = indexPrefixes(PROFILES);

/** The profile with this prefix, the path segment after `/olla/`; undefined if no type has it. */
export function profileByPrefix(segment: string): BackendProfile | undefined {
  return BY_PREFIX.get(segment);
}

/** The prefixes of all types: path segments under `/olla/`. */
export function allPrefixes(): readonly string[] {
  return [...BY_PREFIX.keys()];
}
