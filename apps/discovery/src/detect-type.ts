import { DETECTION_PATHS, detectProfile } from '@olla/backends/detect-profile';
import type { BackendProfile, ProbeResponse } from '@olla/backends/profile';
import type { ProbeResult } from './probe.ts';

export interface DetectionResult {
  /** The type that was found; null if none matches. */
  readonly profile: BackendProfile | null;
  /** The result of each probe, by path; from these the caller explains a failure. */
  readonly results: ReadonlyMap<string, ProbeResult>;
}

/** Finds the type of a server by probing all detection paths in parallel. Never rejects if `probePath` does not. */
export async function detectType(
  probePath: (path: string) => Promise<ProbeResult>,
): Promise<DetectionResult> {
  const results = new Map<string, ProbeResult>();
  const responses = new Map<string, ProbeResponse>();
  await Promise.all(
    DETECTION_PATHS.map(async (path) => {
      const result = await probePath(path);
      results.set(path, result);
      if (result.kind === 'response') responses.set(path, result.response);
    }),
  );
  return { profile: detectProfile(responses), results };
}
