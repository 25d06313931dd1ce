import type { BackendProfile, ProbeResponse } from './profile.ts';
import { PROFILES } from './table.ts';

/** All paths by which types are recognised. */
export const DETECTION_PATHS: readonly string[] = [
  ...new Set(PROFILES.flatMap(({ detect }) => detect.paths)),
];

export interface Detected {
  /** The first type of PROFILES that recognises the responses; null for none. */
  readonly profile: BackendProfile | null;
  /** Whether no path without a response could have led to another type. */
  readonly isSure: boolean;
}

/**
 * Whether a response identifies the server. A response of a busy, starting or broken server does not, because it would
 * differ at another time.
 */
export function isEvidence({ status }: ProbeResponse): boolean {
  return (status < 500 || status === 501) && status !== 408 && status !== 425 && status !== 429;
}

/** @param responses by path; without the paths that did not answer, or gave no evidence */
export function detectProfile(responses: ReadonlyMap<string, ProbeResponse>): Detected {
  let isSure = true;
  for (const profile of PROFILES) {
    if (profile.detect.matches(responses)) return { profile, isSure };
    isSure &&= profile.detect.paths.every((path) => responses.has(path));
  }
  return { profile: null, isSure };
}
