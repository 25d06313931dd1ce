import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { settingsSchema } from '@olla/config/schema';
import type { Breaker } from '@olla/core/route-plan/breaker';
import type { EndpointView } from '@olla/core/route-plan/endpoint-view';
import type { Ejection } from '@olla/state/ports/ejections';
import { Fleet, type FleetState } from './fleet.ts';

const settings = settingsSchema.parse({
  discovery: { static: { endpoints: [{ name: 'e', url: 'http://127.0.0.1:9', type: 'vllm' }] } },
});

interface Worker {
  readonly fleet: Fleet;
  readonly view: EndpointView;
  readonly breaker: Breaker;
  readonly reported: Ejection[];
  hear(ejection: Ejection): void;
}

function worker(t: TestContext, id: string): Worker {
  const reported: Ejection[] = [];
  let hear: Worker['hear'] = () => undefined;
  const nothing = (): (() => void) => () => undefined;
  const state: FleetState = {
    self: { id },
    snapshots: {
      read: () => Promise.resolve(null),
      publish: () => Promise.resolve('published'),
      onSnapshot: nothing,
    },
    control: {
      read: () => Promise.resolve({ revision: 0, drained: {}, refresh: 0 }),
      change: () => Promise.resolve({ revision: 0, drained: {}, refresh: 0 }),
      onControl: nothing,
    },
    load: { setInFlight: () => undefined, onOthers: nothing },
    statistics: { noteChange: () => undefined },
    ejections: {
      onEjection: (listener) => {
        hear = listener;
        return () => undefined;
      },
      onReadmission: nothing,
      eject: (ejection) => {
        reported.push(ejection);
        return Promise.resolve(true);
      },
      readmit: () => Promise.resolve(true),
      acquireProbe: () => Promise.resolve(false),
    },
  };
  const fleet = new Fleet(settings, state, null, { revision: 0, drained: {}, refresh: 0 });
  t.after(() => fleet.close());
  const [view] = fleet.view.endpoints;
  assert.ok(view !== undefined);
  return { fleet, view, breaker: view.live.breaker, reported, hear: (ejection) => hear(ejection) };
}

test('tells the other workers what failed, since failing responses keep an endpoint away for longer', (t) => {
  const one = worker(t, 'one');
  const now = Date.now();
  for (let i = 0; i < 10; i += 1) one.fleet.answered(one.view, 503, now);
  assert.equal(one.reported.length, 1);
  const other = worker(t, 'other');
  other.hear(one.reported[0] as Ejection);
  assert.deepEqual([other.breaker.state, other.breaker.cause], ['ejected', 'status']);
  // A worker of an earlier version tells no cause.
  const third = worker(t, 'third');
  third.hear({ endpointKey: third.view.key, endpoint: 'e', reason: 'refused', by: 'one', at: now });
  assert.deepEqual([third.breaker.state, third.breaker.cause], ['ejected', 'connection']);
});

test('does not eject for an attempt from before the last re-admission', (t) => {
  const { fleet, view, breaker, reported } = worker(t, 'one');
  const startedAt = Date.now() - 10_000;
  breaker.closedAt = startedAt + 1;
  fleet.connectionFailed(view, 'refused', startedAt);
  assert.deepEqual([breaker.state, reported.length], ['closed', 0]);
  fleet.connectionFailed(view, 'refused', startedAt + 2);
  assert.equal(breaker.state, 'ejected');
  assert.equal(reported[0]?.cause, 'connection');
});
