import { loadOf } from '../route-plan/balance/least-connections.ts';
import type { Candidate } from '../route-plan/fleet-view.ts';
import { affinity } from './rendezvous.ts';

/** The data about a request's session that the planner needs. */
export interface SessionLookup {
  readonly key: string;
  /** Key of the endpoint of its last turn, as far as this process knows; null if unknown. */
  readonly at: string | null;
}

/** From this load on, an endpoint has no free slot, so that a request would queue. */
const FULL = 1;
/** Waiting in a queue this many times as long as the shortest costs more than a warm prompt cache saves. */
const TOO_LONG = 2;

/**
 * Orders candidates for a request of a session: the session's endpoint first, then the others by load. A session stays
 * at the endpoint of its last turn. A new one starts where rendezvous hashing puts it, which is the same in every
 * process. An endpoint is passed over if it has no free slot while another has one, or if its queue is TOO_LONG.
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
