import type { BackendProfile, ProbeResponse } from './profile.ts';
import { PROFILES } from './table.ts';

/** Every path that tells some type from the others. */
export const DETECTION_PATHS: readonly string[] = [
  ...new Set(PROFILES.flatMap(({ detect }) => detect?.paths ?? [])),
];

/**
 * The first type of the list that recognises its server in the responses; null for none.
 *
 * @param responses by path; without the paths that did not answer
 */
export function detectProfile(responses: ReadonlyMap<string, ProbeResponse>): BackendProfile | null {
  return PROFILES.find(({ detect }) => detect?.matches(responses) === true) ?? null;
}
