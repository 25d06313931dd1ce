import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, test, type TestContext } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { newModel } from '@olla/backends/reading/model';
import { profileOf } from '@olla/backends/table';
import { settingsSchema } from '@olla/config/schema';
import { buildCatalog } from '@olla/core/catalog/build-catalog';
import type { EndpointSnapshot, Snapshot } from '@olla/core/snapshot';
import type { AskPort } from '@olla/state/ports/ask';
import { TestHost } from '@olla/state/testing/test-host';
import { startRedis, type TestRedis } from '@olla/testing/redis';
import { waitFor } from '@olla/testing/wait-for';
import { RecordingLog } from '../../testing/recording-log.ts';
import { Endpoints } from './endpoints.ts';
import { ModelChanges, type ModelChange } from './model-changes.ts';

const SETTINGS = settingsSchema.parse({
  discovery: { static: { endpoints: [{ name: 'e', url: 'http://127.0.0.1:9', type: 'ollama' }] } },
});
const KEY = new Endpoints(SETTINGS).list[0]?.key ?? assert.fail();
const ADDED: ModelChange = { endpointKey: KEY, kind: 'added', name: 'new:latest', like: null, refresh: null };
const REMOVED: ModelChange = { ...ADDED, kind: 'removed' };

/** The snapshot that a leader publishes if the endpoint has these models. */
function snapshotOf(...names: readonly string[]): Snapshot {
  const { names: rules } = profileOf('ollama');
  const models = names.map((name) => newModel(name));
  const catalog = buildCatalog([{ endpoint: 'e', rules, models }], null, 1);
  return { version: { token: 1, n: 1 }, publishedAt: 1, agent: 'a', endpoints: [], catalog };
}

/** The endpoint of a snapshot that was listed after this refresh. */
const listedAfter = (refresh: number): EndpointSnapshot => ({
  name: 'e',
  key: KEY,
  type: 'ollama',
  state: 'healthy',
  reason: '',
  since: 1,
  checkedAt: 1,
  nextCheckAt: null,
  checkLatencyMs: 1,
  modelsAt: 1,
  listedAfterRefresh: refresh,
  load: null,
  serverVersion: null,
});

function namesIn(changes: ModelChanges, snapshot: Snapshot): string[] {
  return changes
    .applyTo(snapshot)
    .models.flatMap(({ locations }) => locations.map(({ model }) => model.name))
    .sort();
}

describe('a change of the models of an endpoint', () => {
  let redis: TestRedis;
  before(async () => (redis = await startRedis()));
  after(() => redis.stop());

  /** Two workers of one host, and one of another where there is Redis. */
  async function startWorkers(t: TestContext, withRedis: boolean): Promise<ModelChanges[]> {
    const options = withRedis ? { redis: { url: redis.url, name: randomUUID() } } : {};
    const one = new TestHost({ name: 'host-1', ...options });
    const two = withRedis ? new TestHost({ name: 'host-2', ...options }) : one;
    const states = await Promise.all([one, one, two].map((host) => host.join('worker')));
    const endpoints = new Endpoints(SETTINGS);
    const workers = states.map(
      (state) => new ModelChanges({ endpoints, state, log: new RecordingLog(), listing: true }),
    );
    t.after(async () => {
      for (const worker of workers) worker.close();
      await one.close();
      if (two !== one) await two.close();
    });
    await waitFor(() => states.every((state) => state.directory.peers().workers === 3), {
      describe: 'workers that see each other',
    });
    return workers;
  }

  for (const withRedis of [false, true])
    test(`is known to all workers after it was published, ${withRedis ? 'of every host' : 'without Redis'}`, async (t) => {
      const workers = await startWorkers(t, withRedis);
      const [first = assert.fail(), second = assert.fail()] = workers;
      await first.publish(ADDED);
      for (const worker of workers) assert.deepEqual(namesIn(worker, snapshotOf()), ['new:latest']);
      await second.publish(REMOVED);
      for (const worker of workers) assert.deepEqual(namesIn(worker, snapshotOf('new:latest')), []);
    });

  test('is known to the workers of its host while Redis is unreachable', async (t) => {
    const [first = assert.fail(), second = assert.fail()] = await startWorkers(t, true);
    await redis.kill();
    await first.publish(ADDED);
    for (const worker of [first, second]) assert.deepEqual(namesIn(worker, snapshotOf()), ['new:latest']);
    await redis.restart();
  });
});

describe('a change in force', () => {
  /** A worker alone in the cluster, with a clock that the test advances. */
  function alone(): { changes: ModelChanges; tick: (ms: number) => void; receive: (body: unknown) => void } {
    let now = 0;
    let receive: (body: unknown) => void = () => assert.fail('it has no listener');
    const ask: AskPort = {
      ask: () => Promise.resolve({ replies: [], missing: [] }),
      onQuestion(kind, reply) {
        receive = (body) => void reply({ kind, body });
        return () => undefined;
      },
    };
    const state = {
      self: { id: 'worker' },
      ask,
      control: { change: () => Promise.resolve({ revision: 7, drained: {}, refresh: 7 }) },
    };
    const endpoints = new Endpoints(SETTINGS);
    const log = new RecordingLog();
    const changes = new ModelChanges({ endpoints, state, log, listing: true, now: () => now });
    return { changes, tick: (ms) => void (now += ms), receive: (body) => receive(body) };
  }

  test('ends when a snapshot shows it that is newer than any list from before it', async () => {
    const { changes, tick } = alone();
    await changes.publish(ADDED);
    changes.settle(snapshotOf('new:latest'));
    assert.deepEqual(namesIn(changes, snapshotOf()), ['new:latest'], 'a list from before it may follow');
    tick(1_500);
    changes.settle(snapshotOf());
    assert.deepEqual(namesIn(changes, snapshotOf()), ['new:latest'], 'no list has shown it yet');
    changes.settle(snapshotOf('new:latest'));
    assert.deepEqual(namesIn(changes, snapshotOf()), []);
  });

  test('ends after its time if no list shows it', async () => {
    const { changes, tick } = alone();
    await changes.publish(REMOVED);
    tick(29_000);
    changes.settle(snapshotOf('new:latest'));
    assert.deepEqual(namesIn(changes, snapshotOf('new:latest')), []);
    tick(2_000);
    changes.settle(snapshotOf('new:latest'));
    assert.deepEqual(namesIn(changes, snapshotOf('new:latest')), ['new:latest']);
  });

  test('that removes a name ends with the first list that was requested after it, whatever that shows', async () => {
    const { changes } = alone();
    const removed = changes.publish(REMOVED);
    await setImmediate();
    const before = snapshotOf('new:latest');
    changes.settle({ ...before, endpoints: [listedAfter(6)] });
    assert.deepEqual(namesIn(changes, before), [], 'this list was requested before it');
    changes.settle({ ...before, endpoints: [listedAfter(7)] });
    await removed;
    assert.deepEqual(namesIn(changes, before), ['new:latest'], 'the server has it all the same');
  });

  test('is replaced by the next one of the same name in any spelling', async () => {
    const { changes } = alone();
    await changes.publish(ADDED);
    await changes.publish({ ...REMOVED, name: 'library/New' });
    assert.deepEqual(namesIn(changes, snapshotOf('new:latest', 'other:latest')), ['other:latest']);
    await changes.publish(ADDED);
    assert.deepEqual(namesIn(changes, snapshotOf('other:latest')), ['new:latest', 'other:latest']);
  });

  test('is not made from an invalid message, or for an endpoint that is not configured', async () => {
    const { changes, receive } = alone();
    await changes.publish({ ...ADDED, endpointKey: 'unknown' });
    for (const body of [null, undefined, 'x', [], { ...ADDED, name: 7 }, { ...ADDED, kind: 'renamed' }])
      receive(body);
    assert.deepEqual(namesIn(changes, snapshotOf()), []);
    receive(JSON.parse(JSON.stringify(ADDED)));
    assert.deepEqual(namesIn(changes, snapshotOf()), ['new:latest']);
  });
});
