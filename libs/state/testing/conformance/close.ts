import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { DEADLINE_MS, type ConformanceCluster, type OnCluster } from './cluster.ts';

export function closeConformance(onCluster: OnCluster): void {
  describe('a closed state', () => {
    test('rejects calls that return a promise, and ignores the others', onCluster(rejectsAfterClose));
  });
}

async function rejectsAfterClose({ workers: [a] }: ConformanceCluster): Promise<void> {
  await a.close();
  await a.close();
  await assert.rejects(a.control.read(), { code: 'STATE_CLOSED' });
  const request = { key: 'k', ratePerMinute: 1, capacity: 10, need: 1, spare: 0 };
  await assert.rejects(a.leases.take([request], DEADLINE_MS), { code: 'STATE_CLOSED' });
  a.leases.returnLeases([]);
  a.load.setInFlight('x', 1);
  a.sessions.place('s', 'e#1');
  a.statistics.noteChange();
}
