import { loadOf } from '../route-plan/balance/least-connections.ts';
import type { Candidate } from '../route-plan/fleet-view.ts';
import { affinity } from './rendezvous.ts';

/** A request of a session, for its plan. */
export interface SessionLookup {
  readonly key: string;
  /** Key of the endpoint that had its last turn, as far as this process knows; null if it knows of none. */
  readonly at: string | null;
}

/** From this share of its capacity on, an endpoint has no free slot: a request would queue. */
const FULL = 1;
/** So many times the shortest queue is too long a wait for a warm prompt cache. */
const TOO_LONG = 2;

/**
 * Puts usable candidates in order for a request of a session: its endpoint first, then the others by load. The session
 * stays where it was, and starts at the endpoint it belongs to by rendezvous hashing, the same in every process; but
 * not at one that has no free slot while another has one, or whose queue is twice as long as another's.
 *
 * @param byPriority only endpoints of the highest priority count
 */
export function placeSession(candidates: Candidate[], session: SessionLookup, byPriority: boolean): void {
  const tier = (candidate: Candidate): number => (byPriority ? -candidate.endpoint.priority : 0);
  candidates.sort((a, b) => a.rank - b.rank || tier(a) - tier(b) || loadOf(a) - loadOf(b));
  const best = candidates[0];
  if (best === undefined) return;
  const leastLoad = loadOf(best);
  let chosen = 0;
  let highest = -1;
  for (let i = 0; i < candidates.length; i += 1) {
    const candidate = candidates[i] as Candidate;
    if (candidate.rank !== best.rank || tier(candidate) !== tier(best)) break;
    const load = loadOf(candidate);
    if (load >= FULL && (leastLoad < FULL || load >= leastLoad * TOO_LONG)) break;
    const { key, weight } = candidate.endpoint;
    const belongs = key === session.at ? Infinity : affinity(session.key, key, weight);
    if (belongs > highest) {
      highest = belongs;
      chosen = i;
    }
  }
  const first = candidates[chosen] as Candidate;
  candidates.copyWithin(1, 0, chosen);
  candidates[0] = first;
}
