import type { Candidate } from '../fleet-view.ts';
import type { BalanceContext } from './balancer.ts';
import { leastConnections, loadOf } from './least-connections.ts';

/** The highest priority first, by least connections within a priority; lower ones serve if no higher one can. */
export function priority(candidates: Candidate[], context: BalanceContext): void {
  candidates.sort((a, b) => b.endpoint.priority - a.endpoint.priority || loadOf(a) - loadOf(b));
  const highest = candidates[0]?.endpoint.priority;
  let tier = 1;
  while (tier < candidates.length && candidates[tier]?.endpoint.priority === highest) tier += 1;
  const top = candidates.slice(0, tier);
  leastConnections(top, context);
  for (let i = 0; i < tier; i += 1) candidates[i] = top[i] as Candidate;
}
