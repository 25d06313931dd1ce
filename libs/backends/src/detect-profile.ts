import type { BackendProfile, ProbeResponse } from './profile.ts';
import { PROFILES } from './table.ts';

/** All paths that some type is recognised by. */
export const DETECTION_PATHS: readonly string[] = [
  ...new Set(PROFILES.flatMap(({ detect }) => detect.paths)),
];

export interface Detected {
  /** The first type of PROFILES that recognises the responses; null for none. */
  readonly profile: BackendProfile | null;
  /** Whether the paths without a response could not have led to another type. */
  readonly isSure: boolean;
}

/**
 * Whether a response tells what the server is. One that says that the server is busy, starting or broken does not: it
 * would answer otherwise at another time.
 */
export function isEvidence({ status }: ProbeResponse): boolean {
  return (status < 500 || status === 501) && status !== 408 && status !== 425 && status !== 429;
}

/** @param responses by path; without the paths that did not answer, or not with evidence */
export function detectProfile(responses: ReadonlyMap<string, ProbeResponse>): Detected {
  let isSure = true;
  for (const profile of PROFILES) {
    if (profile.detect.matches(responses)) return { profile, isSure };
    isSure &&= profile.detect.paths.every((path) => responses.has(path));
  }
  return { profile: null, isSure };
}
