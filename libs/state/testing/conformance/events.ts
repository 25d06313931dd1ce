import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { ClusterEvent, NewEvent } from '../../src/ports/events.ts';
import { inForce, until, untilValue, type ConformanceCluster, type OnCluster } from './cluster.ts';

export function eventConformance(onCluster: OnCluster): void {
  describe('events', () => {
    test('reach every process, and can be read again, oldest first', onCluster(passesEvents));
  });
}

async function passesEvents({ workers: [a, b, c] }: ConformanceCluster): Promise<void> {
  const drained: NewEvent = {
    kind: 'drained',
    endpoint: 'e',
    from: 'healthy',
    to: 'draining',
    reason: 'for an update',
    by: 'operator',
  };
  const resumed: NewEvent = { ...drained, kind: 'resumed', from: 'draining', to: 'healthy' };
  const received = [a, b, c].map(({ events }) => {
    const own: ClusterEvent[] = [];
    events.onEvent((event) => own.push(event));
    return own;
  });
  const operators = (events: readonly ClusterEvent[]): readonly ClusterEvent[] =>
    events.filter(({ by }) => by === 'operator');
  await inForce([a, b, c]);
  a.events.publish(drained);
  await until('every process has received the event', () =>
    received.every((own) => operators(own).length === 1),
  );
  c.events.publish(resumed);
  await until('every process has received both', () => received.every((own) => operators(own).length === 2));
  for (const own of received) {
    assert.deepEqual(
      operators(own).map(({ time: _, ...event }) => event),
      [drained, resumed],
    );
  }
  for (const { time } of received.flat()) assert.equal(new Date(time).toISOString(), time);
  for (const { events } of [a, b, c]) {
    const recent = await untilValue('both events', async () => {
      const known = operators(await events.recent());
      return known.length === 2 ? known : null;
    });
    assert.deepEqual(recent, operators(received[0] ?? []));
  }
}
