import type { Candidate } from '../fleet-view.ts';
import type { BalanceContext } from './balancer.ts';

/**
 * Endpoints take turns in the order of the configuration file, separately for each route and model. An unavailable
 * endpoint is skipped and gets its turn again when it is back. Warming ones serve only if no other can.
 */
export function roundRobin(candidates: Candidate[], { rotation }: BalanceContext): void {
  const { last } = rotation;
  candidates.sort(
    (a, b) => warming(a) - warming(b) || ahead(b, last) - ahead(a, last) || order(a) - order(b),
  );
  const first = candidates[0];
  if (first !== undefined) rotation.last = first.endpoint.order;
}

function warming(candidate: Candidate): number {
  return candidate.endpoint.state === 'warming' ? 1 : 0;
}

function ahead(candidate: Candidate, last: number): number {
  return candidate.endpoint.order > last ? 1 : 0;
}

function order(candidate: Candidate): number {
  return candidate.endpoint.order;
}
