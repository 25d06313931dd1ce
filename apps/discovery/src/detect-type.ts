import type { BackendProfile, ProbeAnswer } from '@olla/backends/profile';
import { PROFILES } from '@olla/backends/table';
import type { ProbeResult } from './probe.ts';

export interface DetectionResult {
  /** The type that was found; null if none matches. */
  readonly profile: BackendProfile | null;
  /** The result of each probe, by path; from these the caller explains a failure. */
  readonly results: ReadonlyMap<string, ProbeResult>;
}

/** The paths whose responses tell the types apart. */
export function detectionPaths(): string[] {
  return [...new Set(Object.values(PROFILES).flatMap((profile) => profile.detect?.paths ?? []))];
}

/** The first type of the table that recognises the responses; null for none. */
export function matchProfile(responses: ReadonlyMap<string, ProbeAnswer>): BackendProfile | null {
  for (const profile of Object.values(PROFILES))
    if (profile.detect?.matches(responses) === true) return profile;
  return null;
}

/** Finds the type of a server by probing all detection paths in parallel. Never rejects if `probePath` does not. */
export async function detectType(
  probePath: (path: string) => Promise<ProbeResult>,
): Promise<DetectionResult> {
  const results = new Map<string, ProbeResult>();
  const responses = new Map<string, ProbeAnswer>();
  await Promise.all(
    detectionPaths().map(async (path) => {
      const result = await probePath(path);
      results.set(path, result);
      if (result.kind === 'response') responses.set(path, result.response);
    }),
  );
  return { profile: matchProfile(responses), results };
}
