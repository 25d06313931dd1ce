import type { EndpointView } from '../endpoint-view.ts';
import type { Candidate } from '../fleet-view.ts';
import type { BalanceContext } from './balancer.ts';

/**
 * The cost of loading a model, in full sets of requests. A cold endpoint is chosen once those with the
 * model in memory hold 1.5 times as many requests as they process at once.
 */
const COLD = 1.5;
/** The share of its weight that an endpoint keeps in these states, and the requests that are added to its load. */
const BUSY_SHARE = 0.5;
const WARMING_SHARE = 0.25;
const CAUTION = 0.25;
/** Loads within this distance count as equal: the counts of other workers are slightly old. */
const NEAR = 1.1;

/**
 * Fewest requests in flight relative to the weight first. Ties take turns by weight, so that no endpoint starves and
 * none that returns is flooded.
 */
export function leastConnections(candidates: Candidate[], context: BalanceContext): void {
  if (candidates.length > 1) {
    candidates.sort((a, b) => loadOf(a) - loadOf(b));
    promoteNextInTurn(candidates, context);
  }
  const first = candidates[0];
  if (first !== undefined) countTurn(first.endpoint, context);
}

/** The share of its capacity in use, in full sets of requests; above 1, requests queue. */
export function loadOf(candidate: Candidate): number {
  const { live, weight, state, foreignQueue } = candidate.endpoint;
  const requests = live.inFlight + live.othersInFlight + foreignQueue;
  const cold = candidate.resident === false ? COLD : 0;
  if (state === 'healthy') return requests / weight + cold;
  const share = state === 'busy' ? BUSY_SHARE : WARMING_SHARE;
  return (requests + CAUTION) / (weight * share) + cold;
}

/** Moves the candidate with the fewest turns to the front, of those whose load is about the lowest. */
function promoteNextInTurn(candidates: Candidate[], { live, rotation }: BalanceContext): void {
  const limit = loadOf(candidates[0] as Candidate) * NEAR;
  let best = 0;
  let bestTurns = Infinity;
  for (let i = 0; i < candidates.length; i += 1) {
    const candidate = candidates[i] as Candidate;
    if (loadOf(candidate) > limit) break;
    const turns = Math.max(candidate.endpoint.live.turns, live.turns - 1);
    // Among equal turns, workers start at different endpoints.
    if (
      turns < bestTurns ||
      (turns === bestTurns && comesSooner(candidate, candidates[best], rotation.last))
    ) {
      best = i;
      bestTurns = turns;
    }
  }
  const chosen = candidates[best] as Candidate;
  candidates.copyWithin(1, 0, best);
  candidates[0] = chosen;
  rotation.last = chosen.endpoint.order;
}

function comesSooner(a: Candidate, b: Candidate | undefined, last: number): boolean {
  if (b === undefined) return true;
  const aAhead = a.endpoint.order > last;
  const bAhead = b.endpoint.order > last;
  return aAhead === bAhead ? a.endpoint.order < b.endpoint.order : aAhead;
}

function countTurn(endpoint: EndpointView, { live }: BalanceContext): void {
  const before = Math.max(endpoint.live.turns, live.turns - 1);
  endpoint.live.turns = before + 1 / endpoint.weight;
  live.turns = Math.max(live.turns, before);
}
