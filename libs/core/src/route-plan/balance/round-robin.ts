import type { Candidate } from '../fleet-view.ts';
import type { BalanceContext } from './balancer.ts';

/**
 * Each in its turn, in the order of the configuration file, for each route and model by itself. One that is away is
 * passed over and has its turn again when it is back. Warming ones only stand in for the others.
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
