import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { until, type ConformanceCluster, type OnCluster } from './cluster.ts';

export function controlConformance(onCluster: OnCluster): void {
  describe('control', () => {
    test('keeps every decision, even of two operators at the same time', onCluster(keepsControl));
  });
}

async function keepsControl({ workers: [a, b] }: ConformanceCluster): Promise<void> {
  assert.deepEqual(await a.control.read(), { revision: 0, drained: {}, refresh: 0 });
  let seen = 0;
  b.control.onControl((control) => (seen = control.revision));
  const drained = await a.control.change({ action: 'drain', endpoint: 'e', by: 'me' });
  assert.equal(drained.revision, 1);
  assert.equal(drained.drained['e']?.by, 'me');
  await until('the change is seen', () => seen === 1);
  await Promise.all([
    a.control.change({ action: 'refresh', by: 'me' }),
    b.control.change({ action: 'refresh', by: 'me' }),
  ]);
  const resumed = await b.control.change({ action: 'resume', endpoint: 'e', by: 'me' });
  assert.deepEqual(resumed, { revision: 4, drained: {}, refresh: 2 });
  assert.deepEqual(await a.control.read(), resumed);
  await until('all changes are seen', () => seen === 4);
}
