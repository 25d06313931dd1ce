import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Snapshot } from '@olla/core/snapshot';
import { testSnapshot } from '../test-snapshot.ts';
import { until, type ConformanceCluster, type OnCluster } from './cluster.ts';

export function snapshotConformance(onCluster: OnCluster): void {
  describe('snapshots', () => {
    test('reach every process, while older ones are fenced', onCluster(passesSnapshots));
  });
}

async function passesSnapshots({
  workers: [a, b],
  agents: [agent, other],
}: ConformanceCluster): Promise<void> {
  assert.equal(await a.snapshots.read(), null);
  const seen: Snapshot[] = [];
  a.snapshots.onSnapshot((snapshot) => seen.push(snapshot));
  const lead = await agent.election.campaign(60_000, 0);
  assert.ok(lead.leading);
  const { token } = lead;
  const first = testSnapshot({ token, n: 1 }, { model: 'm1' });
  assert.equal(await agent.snapshots.publish(first), 'published');
  await until('the first snapshot', () => seen.length === 1);
  assert.deepEqual(seen[0], first);
  assert.deepEqual(await b.snapshots.read(), first);
  // The catalog is the same, so it is not sent again.
  const second = { ...testSnapshot({ token, n: 2 }, { model: 'm1' }), publishedAt: 2 };
  assert.equal(await agent.snapshots.publish(second), 'published');
  await until('the second snapshot', () => seen.length === 2);
  assert.deepEqual(seen[1], second);
  assert.deepEqual(await a.snapshots.read(), second);
  assert.equal(await agent.snapshots.publish(second), 'published');
  assert.equal(await agent.snapshots.publish(first), 'fenced');
  const earlier = testSnapshot({ token: token - 1, n: 9 }, { model: 'm2' });
  assert.equal(await other.snapshots.publish(earlier), 'fenced');
  const changed = testSnapshot({ token, n: 3 }, { model: 'm3', catalogRevision: 3 });
  assert.equal(await agent.snapshots.publish(changed), 'published');
  await until('the third snapshot', () => seen.length === 3);
  assert.deepEqual(seen[2], changed);
  const late: Snapshot[] = [];
  b.snapshots.onSnapshot((snapshot) => late.push(snapshot));
  assert.equal(late.length, 0);
  await until('the newest for a late listener', () => late.at(-1)?.version.n === 3);
  assert.deepEqual(late.at(-1), changed);
}
