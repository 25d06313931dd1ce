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
 * The one list of backend types. The order matters for `auto` alone: a server is compared with the types from the top,
 * so a type with signs of its own stands above one that has them too or has general ones.
 */
export const PROFILES = [
  // It answers as Ollama too.
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

/** What a server is taken for while its type is not known. */
export const DEFAULT_PROFILE: BackendProfile<KnownBackendType> = openAiCompatible;

/** Types by the words that name them in a configuration. */
export const TYPES_BY_WORD: ReadonlyMap<string, KnownBackendType> = new Map(
  PROFILES.flatMap(({ type, typeAliases }) => [type, ...typeAliases].map((word) => [word, type] as const)),
);

const BY_TYPE: ReadonlyMap<BackendType, BackendProfile> = new Map(
  PROFILES.map((profile) => [profile.type, profile]),
);

export function profileOf(type: KnownBackendType): BackendProfile {
  return profileOrDefault(type);
}

/** The profile of a type that a snapshot names; the default where an agent of another version names an unknown one. */
export function profileOrDefault(type: BackendType): BackendProfile {
  return BY_TYPE.get(type) ?? DEFAULT_PROFILE;
}

/** Profiles by the path segments that lead to them. @throws RangeError if two share a segment */
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

/** The profile that the path segment after `/olla/` names; undefined if no type has it. */
export function profileByPrefix(segment: string): BackendProfile | undefined {
  return BY_PREFIX.get(segment);
}

/** Every path segment under `/olla/` that leads to a backend type. */
export function allPrefixes(): readonly string[] {
  return [...BY_PREFIX.keys()];
}
