import type { BackendProfile, ProbeAnswer } from './profile.ts';
import { PROFILES } from './table.ts';

/** Every path that tells some type from the others. */
export const DETECTION_PATHS: readonly string[] = [
  ...new Set(PROFILES.flatMap(({ detect }) => detect?.paths ?? [])),
];

/**
 * The first type of the list whose signs are in the answers; null where no type's are.
 *
 * @param answers by path; paths that did not answer are absent
 */
export function detectProfile(answers: ReadonlyMap<string, ProbeAnswer>): BackendProfile | null {
  return PROFILES.find(({ detect }) => detect?.matches(answers) === true) ?? null;
}
