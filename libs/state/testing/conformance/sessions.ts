import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { SessionPlacement } from '../../src/ports/sessions.ts';
import { inForce, until, type ConformanceCluster, type OnCluster } from './cluster.ts';

export function sessionConformance(onCluster: OnCluster): void {
  describe('sessions', () => {
    test('that one worker places reach the others, and not the worker itself', onCluster(passesOnSessions));
  });
}

async function passesOnSessions({ workers: [a, b, c] }: ConformanceCluster): Promise<void> {
  const received = new Map<string, SessionPlacement[]>();
  for (const { self, sessions } of [a, b, c]) {
    const placed: SessionPlacement[] = [];
    received.set(self.id, placed);
    sessions.onPlacements((placements) => placed.push(...placements));
  }
  await inForce([a, b, c]);
  const placed: SessionPlacement[] = [
    ['s1', 'e#1'],
    ['s2', 'e#2'],
  ];
  for (const [session, endpointKey] of placed) a.sessions.place(session, endpointKey);
  const others = [b, c].map(({ self }) => received.get(self.id) ?? []);
  await until('the others have received both placements', () => others.every((own) => own.length === 2));
  assert.deepEqual(others, [placed, placed]);
  await a.directory.readInstances();
  assert.deepEqual(received.get(a.self.id), []);
}
