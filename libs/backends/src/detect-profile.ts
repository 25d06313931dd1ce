import type { BackendProfile, ProbeResponse } from './profile.ts';
import { PROFILES } from './table.ts';

/** All paths that some type is recognised by. */
export const DETECTION_PATHS: readonly string[] = [
  ...new Set(PROFILES.flatMap(({ detect }) => detect.paths)),
];

/**
 * Finds the first type of PROFILES that recognises the responses; null for none.
 *
 * @param responses by path; without the paths that did not answer
 */
export function detectProfile(responses: ReadonlyMap<string, ProbeResponse>): BackendProfile | null {
  return PROFILES.find(({ detect }) => detect.matches(responses)) ?? null;
}
