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
import { sglang } from './types/sglang.ts';
import { vllmMlx } from './types/vllm-mlx.ts';
import { vllm } from './types/vllm.ts';

/** All backend types, in the order in which an `auto` endpoint is compared with them: the least particular last. */
export const PROFILES: Readonly<Record<BackendType, BackendProfile>> = {
  // It answers as Ollama too.
  lemonade,
  ollama,
  'lm-studio': lmStudio,
  llamacpp,
  'vllm-mlx': vllmMlx,
  vllm,
  sglang,
  lmdeploy,
  omlx,
  litellm,
  'docker-model-runner': dockerModelRunner,
  'openai-compatible': openAiCompatible,
};

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

const BY_PREFIX = indexPrefixes(Object.values(PROFILES));

export function profileOf(type: BackendType): BackendProfile {
  return PROFILES[type];
}

/** The profile that the path segment after `/olla/` names; undefined if no type has it. */
export function profileByPrefix(segment: string): BackendProfile | undefined {
  return BY_PREFIX.get(segment);
}

/** Every path segment under `/olla/` that leads to a backend type. */
export function allPrefixes(): readonly string[] {
  return [...BY_PREFIX.keys()];
}
