import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Ejection, Readmission } from '../../src/ports/ejections.ts';
import { inForce, until, untilValue, type ConformanceCluster, type OnCluster } from './cluster.ts';

export function ejectionConformance(onCluster: OnCluster): void {
  describe('ejections', () => {
    test('and re-admissions reach every process, in their order', onCluster(tellsEjections));
    test('let one process probe at a time', onCluster(grantsProbes));
  });
}

async function tellsEjections({ workers: [a, b, c], agents: [agent] }: ConformanceCluster): Promise<void> {
  const heard = new Map<string, (Ejection | Readmission)[]>();
  const all = [a, b, c, agent];
  for (const { self, ejections } of all) {
    const told: (Ejection | Readmission)[] = [];
    heard.set(self.id, told);
    ejections.onEjection((ejection) => told.push(ejection));
    ejections.onReadmission((readmission) => told.push(readmission));
  }
  await inForce(all);
  const subject = { endpointKey: 'e#1', endpoint: 'e', by: a.self.id };
  const ejection: Ejection = { ...subject, cause: 'status', reason: '5 of 8 failed (503)', at: 1 };
  const readmission: Readmission = { ...subject, reason: 'a probe was answered', at: 2 };
  const again: Ejection = { ...subject, cause: 'connection', reason: 'connection refused', at: 3 };
  a.ejections.report(ejection);
  a.ejections.readmit(readmission);
  a.ejections.report(again);
  await until('everyone has heard', () => [...heard.values()].every((told) => told.length === 3));
  for (const told of heard.values()) assert.deepEqual(told, [ejection, readmission, again]);
}

async function grantsProbes({ workers }: ConformanceCluster): Promise<void> {
  const granted = await Promise.all(workers.map((worker) => worker.ejections.acquireProbe('e#1', 1_000)));
  assert.equal(granted.filter(Boolean).length, 1);
  assert.equal(await workers[0].ejections.acquireProbe('e#2', 1_000), true);
  await untilValue('the next probe', async () =>
    (await workers[1].ejections.acquireProbe('e#1', 60_000)) ? true : null,
  );
  assert.equal(await workers[2].ejections.acquireProbe('e#1', 1_000), false);
}
