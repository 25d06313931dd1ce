import type { Balancer } from './balancer.ts';
import { leastConnections } from './least-connections.ts';
import { priority } from './priority.ts';
import { roundRobin } from './round-robin.ts';

/** The words of `proxy.load_balancer`. */
export const BALANCER_NAMES = ['least-connections', 'round-robin', 'priority'] as const;

export type BalancerName = (typeof BALANCER_NAMES)[number];

interface BalancerEntry {
  readonly order: Balancer;
  /** Which endpoint it chooses, for the documentation. */
  readonly summary: string;
}

export const BALANCERS: Readonly<Record<BalancerName, BalancerEntry>> = {
  'least-connections': {
    order: leastConnections,
    summary: 'the one with the fewest requests in flight for its capacity',
  },
  'round-robin': { order: roundRobin, summary: 'each in its turn, for each route and model by itself' },
  priority: {
    order: priority,
    summary: 'the one with the highest `priority`, by least connections among equals',
  },
};
