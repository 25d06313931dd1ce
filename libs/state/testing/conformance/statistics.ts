import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { testStatistics } from '../test-statistics.ts';
import { DEADLINE_MS, untilValue, type ConformanceCluster, type OnCluster } from './cluster.ts';

export function statisticsConformance(onCluster: OnCluster): void {
  describe('statistics', () => {
    test('are the sum of all workers, dead ones included', onCluster(readsStatistics));
  });
}

async function readsStatistics({ workers, crash }: ConformanceCluster): Promise<void> {
  const [a, b, c] = workers;
  for (const [worker, requests] of [
    [a, 1],
    [b, 10],
    [c, 100],
  ] as const) {
    worker.statistics.provide(() => testStatistics(requests));
    worker.statistics.noteChange();
  }
  const total = async (): Promise<number> => {
    const reading = await a.statistics.read(DEADLINE_MS);
    return reading.workers.reduce((sum, { statistics }) => sum + statistics.total.requests, 0);
  };
  await untilValue('the sum of all', async () => ((await total()) === 111 ? true : null));
  b.statistics.provide(() => testStatistics(20));
  b.statistics.noteChange();
  await untilValue('the newest report', async () => ((await total()) === 121 ? true : null));
  // Others have read the figures, so the store has them. The dead worker's part is kept.
  await crash(b);
  await untilValue('the dead share', async () => {
    const { workers: all } = await c.statistics.read(DEADLINE_MS);
    const dead = all.find(({ instance }) => instance === b.self.id);
    return dead?.alive === false && dead.statistics.total.requests === 20 ? true : null;
  });
  assert.equal(await total(), 121);
  const reading = await a.statistics.read(DEADLINE_MS);
  const own = reading.workers.find(({ instance }) => instance === a.self.id);
  assert.deepEqual([own?.alive, own?.ageMs, own?.host], [true, 0, a.self.host]);
}
