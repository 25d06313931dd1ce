import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { until, type ConformanceCluster, type OnCluster } from './cluster.ts';

export function healthConformance(onCluster: OnCluster): void {
  describe('health', () => {
    test('is connected, without a reason, while the store can be reached', onCluster(isConnected));
  });
}

async function isConnected({ workers }: ConformanceCluster): Promise<void> {
  const all = workers.map(({ health }) => health);
  await until('a connection', () => all.every((health) => health.current().connected));
  for (const health of all) assert.equal(health.current().detail, '');
}
