import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { settingsSchema } from '@olla/config/schema';
import type { Breaker } from '@olla/core/route-plan/breaker';
import { FleetLive } from '@olla/core/route-plan/fleet-live';
import type { Ejection } from '@olla/state/ports/ejections';
import { Ejections, type EjectableEndpoint } from './ejections.ts';
import { Endpoints } from './endpoints.ts';

const settings = settingsSchema.parse({
  discovery: { static: { endpoints: [{ name: 'e', url: 'http://127.0.0.1:9', type: 'vllm' }] } },
});

interface Worker {
  readonly ejections: Ejections;
  readonly endpoint: EjectableEndpoint;
  readonly breaker: Breaker;
  readonly reported: Ejection[];
  hear(ejection: Ejection): void;
}

function worker(t: TestContext, id: string): Worker {
  const reported: Ejection[] = [];
  let hear: Worker['hear'] = () => undefined;
  const nothing = (): (() => void) => () => undefined;
  const endpoints = new Endpoints(settings);
  const live = new FleetLive(0);
  const ejections = new Ejections({
    endpoints,
    live,
    state: {
      self: { id },
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
    },
  });
  t.after(() => ejections.close());
  const [configured] = endpoints.list;
  assert.ok(configured !== undefined);
  const { key, name } = configured;
  const endpoint = { key, name, live: live.endpoint(key) };
  return {
    ejections,
    endpoint,
    breaker: endpoint.live.breaker,
    reported,
    hear: (ejection) => hear(ejection),
  };
}

test('tells the other workers what failed, since failing responses keep an endpoint away for longer', (t) => {
  const one = worker(t, 'one');
  const now = Date.now();
  for (let i = 0; i < 10; i += 1) one.ejections.responded(one.endpoint, 503, now);
  const [ejection] = one.reported;
  assert.ok(ejection !== undefined && one.reported.length === 1);
  const other = worker(t, 'other');
  other.hear(ejection);
  assert.deepEqual([other.breaker.state, other.breaker.cause], ['ejected', 'status']);
  // A worker of an earlier version tells no cause.
  const third = worker(t, 'third');
  third.hear({ endpointKey: third.endpoint.key, endpoint: 'e', reason: 'refused', by: 'one', at: now });
  assert.deepEqual([third.breaker.state, third.breaker.cause], ['ejected', 'connection']);
});

test('does not eject for an attempt from before the last re-admission', (t) => {
  const { ejections, endpoint, breaker, reported } = worker(t, 'one');
  const startedAt = Date.now() - 10_000;
  breaker.closedAt = startedAt + 1;
  ejections.connectionFailed(endpoint, 'ECONNREFUSED', startedAt);
  assert.deepEqual([breaker.state, reported.length], ['closed', 0]);
  ejections.connectionFailed(endpoint, 'ECONNREFUSED', startedAt + 2);
  assert.equal(breaker.state, 'ejected');
  assert.deepEqual(
    [reported[0]?.cause, reported[0]?.reason],
    ['connection', 'connection failed (ECONNREFUSED)'],
  );
});
