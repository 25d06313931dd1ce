import type { BackendProfile, ProbeAnswer } from '@olla/backends/profile';
import { PROFILES } from '@olla/backends/table';
import type { ProbeResult } from './probe.ts';

export interface DetectionResult {
  /** Null if no type matches. */
  readonly profile: BackendProfile | null;
  /** What came back, by path; for the reason of a failure. */
  readonly results: ReadonlyMap<string, ProbeResult>;
}

/** Every path that tells some type from the others. */
export function detectionPaths(): string[] {
  return [...new Set(Object.values(PROFILES).flatMap((profile) => profile.detect?.paths ?? []))];
}

/** The type whose signs are in the answers; the first of the table that matches. */
export function matchProfile(answers: ReadonlyMap<string, ProbeAnswer>): BackendProfile | null {
  for (const profile of Object.values(PROFILES))
    if (profile.detect?.matches(answers) === true) return profile;
  return null;
}

/** Finds out what kind of server answers, by asking all signs at once. Never rejects if `ask` does not. */
export async function detectType(ask: (path: string) => Promise<ProbeResult>): Promise<DetectionResult> {
  const results = new Map<string, ProbeResult>();
  const answers = new Map<string, ProbeAnswer>();
  await Promise.all(
    detectionPaths().map(async (path) => {
      const result = await ask(path);
      results.set(path, result);
      if (result.kind === 'answer') answers.set(path, result.answer);
    }),
  );
  return { profile: matchProfile(answers), results };
}
