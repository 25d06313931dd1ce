import { describe, test } from 'node:test';
import type { SharedState } from '../../src/shared-state.ts';
import { until, type ConformanceCluster, type OnCluster } from './cluster.ts';

export function loadConformance(onCluster: OnCluster): void {
  describe('load', () => {
    test('of each worker reaches the others, until it ends or its worker dies', onCluster(sumsInFlight));
  });
}

async function sumsInFlight({ workers, crash }: ConformanceCluster): Promise<void> {
  const [a, b, c] = workers;
  const seen = new Map<SharedState, ReadonlyMap<string, number>>();
  for (const state of workers) state.load.onOthers((others) => seen.set(state, others));
  const sees = (state: SharedState, expected: Record<string, number>): boolean => {
    const others = Object.fromEntries(seen.get(state) ?? []);
    const keys = Object.keys(expected);
    return Object.keys(others).length === keys.length && keys.every((key) => others[key] === expected[key]);
  };
  a.load.setInFlight('x', 2);
  b.load.setInFlight('x', 3);
  b.load.setInFlight('y', 1);
  await until('c sees both', () => sees(c, { x: 5, y: 1 }));
  await until('a sees b only', () => sees(a, { x: 3, y: 1 }));
  await until('b sees a only', () => sees(b, { x: 2 }));
  a.load.setInFlight('x', 0);
  await until('b sees none', () => sees(b, {}));
  a.load.setInFlight('x', 7);
  await until('c sees all again', () => sees(c, { x: 10, y: 1 }));
  await crash(b);
  await until('the share of the dead is gone', () => sees(c, { x: 7 }));
}
