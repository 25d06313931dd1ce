import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { SessionPlacement } from '../../src/ports/sessions.ts';
import { inForce, until, type ConformanceCluster, type OnCluster } from './cluster.ts';

export function sessionConformance(onCluster: OnCluster): void {
  describe('sessions', () => {
    test('that one worker places are known to the others, and not told back', onCluster(tellsSessions));
  });
}

async function tellsSessions({ workers: [a, b, c] }: ConformanceCluster): Promise<void> {
  const heard = new Map<string, SessionPlacement[]>();
  for (const { self, sessions } of [a, b, c]) {
    const placed: SessionPlacement[] = [];
    heard.set(self.id, placed);
    sessions.onPlacements((placements) => placed.push(...placements));
  }
  await inForce([a, b, c]);
  const placed: SessionPlacement[] = [
    ['s1', 'e#1'],
    ['s2', 'e#2'],
  ];
  for (const [session, endpointKey] of placed) a.sessions.place(session, endpointKey);
  const others = [b, c].map(({ self }) => heard.get(self.id) ?? []);
  await until('the others have heard', () => others.every((told) => told.length === 2));
  assert.deepEqual(others, [placed, placed]);
  await a.directory.readInstances();
  assert.deepEqual(heard.get(a.self.id), []);
}
