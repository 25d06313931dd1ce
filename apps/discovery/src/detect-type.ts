import { DETECTION_PATHS, detectProfile, isEvidence, type Detected } from '@olla/backends/detect-profile';
import type { ProbeResponse } from '@olla/backends/profile';
import type { ProbeResult } from './probe.ts';

export interface DetectionResult extends Detected {
  /** The result of each probe, by path; from these the caller explains a failure. */
  readonly results: ReadonlyMap<string, ProbeResult>;
}

/**
 * Finds the type of a server by probing all detection paths in parallel. Never rejects if `probePath` does not.
 *
 * @param evidence responses of earlier probes, by path, which are not made again; those of these probes are added
 */
export async function detectType(
  probePath: (path: string) => Promise<ProbeResult>,
  evidence = new Map<string, ProbeResponse>(),
): Promise<DetectionResult> {
  const results = new Map<string, ProbeResult>();
  await Promise.all(
    DETECTION_PATHS.filter((path) => !evidence.has(path)).map(async (path) => {
      const result = await probePath(path);
      results.set(path, result);
      if (result.kind === 'response' && isEvidence(result.response)) evidence.set(path, result.response);
    }),
  );
  return { ...detectProfile(evidence), results };
}
