import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { TestContext } from 'node:test';
import type { Snapshot } from '@olla/core/snapshot';
import { newTrafficCounters } from '@olla/core/statistics';
import type { WorkerStatistics } from '@olla/core/statistics';
import type { Ejection, LeaseAsk, LeaseGrant, SessionPlacement, SharedState, StateEvent } from './port.ts';

/** What the suite needs of an adapter: processes of one cluster, connected. */
export interface ConformanceCluster {
  /** Three workers, on as many hosts as the adapter allows. */
  readonly workers: readonly [SharedState, SharedState, SharedState];
  readonly agents: readonly [SharedState, SharedState];
  /** Ends a worker as SIGKILL does: no goodbye. */
  crash(worker: SharedState): Promise<void>;
  close(): Promise<void>;
}

const DEADLINE_MS = 1_000;
const PATIENCE_MS = 8_000;

/** Runs what every adapter of the port has to pass. */
export function conformance(name: string, makeCluster: () => Promise<ConformanceCluster>): void {
  const withCluster =
    (body: (cluster: ConformanceCluster, t: TestContext) => Promise<void>) =>
    async (t: TestContext): Promise<void> => {
      const cluster = await makeCluster();
      try {
        await body(cluster, t);
      } finally {
        await cluster.close();
      }
    };

  describe(`shared state, ${name}`, () => {
    it('grants all processes together no more than the capacity', withCluster(sharesCapacity));
    it('grants every need of a message or none', withCluster(grantsAllOrNothing));
    it('lets a worker hold spare tokens and gives returned ones to others', withCluster(movesSpareTokens));
    it('takes an expired lease for spent', withCluster(expiresLeases));
    it('passes snapshots on, newest first, and fences older ones', withCluster(passesSnapshots));
    it('has one leader with rising tokens', withCluster(electsLeaders));
    it('tells everyone of an ejection', withCluster(tellsEjections));
    it('tells the others where sessions are', withCluster(tellsSessions));
    it('lets one process probe at a time', withCluster(grantsProbes));
    it('sums what the others have in flight', withCluster(sumsInFlight));
    it('asks for statistics and keeps those of the dead', withCluster(readsStatistics));
    it('knows who lives', withCluster(knowsInstances));
    it('gathers answers and says who is missing', withCluster(gathersAnswers));
    it('passes events on', withCluster(passesEvents));
    it('keeps what operators decide', withCluster(keepsControl));
    it('rejects after close', withCluster(rejectsAfterClose));
  });
}

async function sharesCapacity({ workers }: ConformanceCluster): Promise<void> {
  let granted = 0;
  for (let i = 0; i < 15; i += 1) {
    const grant = await takeOne(workers[i % 3] as SharedState, { key: 'ip:1', capacity: 10 });
    granted += grant.granted;
    if (grant.granted === 0) {
      assert.equal(grant.remaining, 0);
      assert.ok(grant.retryAfterMs > 0 && grant.retryAfterMs <= 60_000, `retryAfterMs ${grant.retryAfterMs}`);
      assert.ok(grant.resetMs > 500_000 && grant.resetMs <= 600_000, `resetMs ${grant.resetMs}`);
    }
  }
  assert.equal(granted, 10);
}

async function grantsAllOrNothing({ workers: [a, b] }: ConformanceCluster): Promise<void> {
  await takeOne(a, { key: 'ip:2', capacity: 1 });
  const refused = await b.takeLeases(
    [ask({ key: 'global' }), ask({ key: 'ip:2', capacity: 1 })],
    DEADLINE_MS,
  );
  assert.deepEqual(
    refused.map(({ granted }) => granted),
    [0, 0],
  );
  assert.equal(refused[0]?.remaining, 10);
  assert.equal(refused[0]?.retryAfterMs, 0);
  const granted = await b.takeLeases([ask({ key: 'global' }), ask({ key: 'ip:3' })], DEADLINE_MS);
  assert.deepEqual(
    granted.map(({ granted: tokens }) => tokens),
    [1, 1],
  );
}

async function movesSpareTokens({ workers: [a, b] }: ConformanceCluster): Promise<void> {
  await until('three workers are known', () => a.peers().workers === 3);
  const recalled: string[] = [];
  a.onRecall((key) => recalled.push(key));
  const lease = await takeOne(a, { key: 'k', capacity: 100, spare: 50 });
  // Spare is capped at level ÷ (2 × workers): 99 ÷ 6.
  assert.equal(lease.granted, 1 + 16);
  assert.notEqual(lease.leaseId, '');
  await takeOne(b, { key: 'k', capacity: 100, need: 83 });
  // Asked until the recall is there: its way to `a` was perhaps not open at the first time.
  const short = await untilValue('the recall', async () => {
    const grant = await takeOne(b, { key: 'k', capacity: 100, need: 10 });
    return recalled.length > 0 ? grant : null;
  });
  assert.deepEqual([short.granted, short.stranded], [0, 16]);
  assert.equal(recalled[0], 'k');
  a.settleLeases([{ key: 'k', leaseId: lease.leaseId, spent: 4, unspent: 12 }]);
  const after = await untilValue('the return', async () => {
    const grant = await takeOne(b, { key: 'k', capacity: 100, need: 12 });
    return grant.granted > 0 ? grant : null;
  });
  assert.deepEqual([after.granted, after.stranded, after.remaining], [12, 0, 0]);
}

async function expiresLeases({ workers: [a, b] }: ConformanceCluster): Promise<void> {
  const lease = await takeOne(a, { key: 'k', capacity: 12, need: 0, spare: 1 });
  assert.equal(lease.granted, 1);
  await untilValue('the expiry', async () => {
    const { stranded } = await takeOne(b, { key: 'k', capacity: 12, need: 0 });
    return stranded === 0 ? true : null;
  });
  a.settleLeases([{ key: 'k', leaseId: lease.leaseId, spent: 0, unspent: 1 }]);
  // Answered after the settlement, for it came on the same way.
  await takeOne(a, { key: 'k', capacity: 12, need: 0 });
  assert.equal((await takeOne(b, { key: 'k', capacity: 12, need: 12 })).granted, 0);
  assert.equal((await takeOne(b, { key: 'k', capacity: 12, need: 11 })).granted, 11);
}

async function passesSnapshots({
  workers: [a, b],
  agents: [agent, other],
}: ConformanceCluster): Promise<void> {
  assert.equal(await a.readSnapshot(), null);
  const seen: Snapshot[] = [];
  a.onSnapshot((snapshot) => seen.push(snapshot));
  const lead = await agent.campaign(60_000, 0);
  assert.ok(lead.leading);
  const first = snapshotOf(lead.token, 1, 'm1');
  assert.equal(await agent.publishSnapshot(first), 'published');
  await until('the first snapshot', () => seen.length === 1);
  assert.deepEqual(seen[0], first);
  assert.deepEqual(await b.readSnapshot(), first);
  // The same catalog, which then need not be sent again.
  const second = { ...snapshotOf(lead.token, 2, 'm1'), publishedAt: 2 };
  assert.equal(await agent.publishSnapshot(second), 'published');
  await until('the second snapshot', () => seen.length === 2);
  assert.deepEqual(seen[1], second);
  assert.deepEqual(await a.readSnapshot(), second);
  assert.equal(await agent.publishSnapshot(second), 'published');
  assert.equal(await agent.publishSnapshot(first), 'fenced');
  assert.equal(await other.publishSnapshot(snapshotOf(lead.token - 1, 9, 'm2')), 'fenced');
  const changed = snapshotOf(lead.token, 3, 'm3', 3);
  assert.equal(await agent.publishSnapshot(changed), 'published');
  await until('the third snapshot', () => seen.length === 3);
  assert.deepEqual(seen[2], changed);
  const late: Snapshot[] = [];
  b.onSnapshot((snapshot) => late.push(snapshot));
  assert.equal(late.length, 0);
  await until('the newest for a late listener', () => late.at(-1)?.version.n === 3);
  assert.deepEqual(late.at(-1), changed);
}

async function electsLeaders({ agents: [a, b], workers: [worker] }: ConformanceCluster): Promise<void> {
  const future = Date.now() + 1_000_000;
  const first = await a.campaign(60_000, future);
  assert.ok(first.leading && first.token > future);
  assert.deepEqual(await b.campaign(60_000, 0), { leading: false, leader: a.self.id });
  assert.deepEqual(await a.campaign(60_000, 0), first);
  await untilValue('the leader among the instances', async () => {
    const leading = (await worker.readInstances()).filter((instance) => instance.leading);
    return leading.length === 1 && leading[0]?.id === a.self.id ? true : null;
  });
  // A holder that is behind a token it has heard of gets a newer one.
  const raised = await a.campaign(60_000, first.token + 10);
  assert.ok(raised.leading && raised.token > first.token + 10);
  await a.resign();
  const second = await b.campaign(200, 0);
  assert.ok(second.leading && second.token > raised.token);
  // Not renewed: it passes on by itself, and what the old leader still sends is fenced.
  const third = await untilValue('the end of the lead', async () => {
    const lead = await a.campaign(60_000, 0);
    return lead.leading ? lead : null;
  });
  assert.ok(third.token > second.token);
  assert.equal(await b.publishSnapshot(snapshotOf(second.token, 1, 'm')), 'fenced');
}

async function tellsEjections({ workers: [a, b, c], agents: [agent] }: ConformanceCluster): Promise<void> {
  const heard = new Map<string, Ejection>();
  for (const state of [b, c, agent]) state.onEjection((told) => heard.set(state.self.id, told));
  await agreedOnPeers([a, b, c]);
  const ejection: Ejection = {
    endpointKey: 'e#1',
    endpoint: 'e',
    cause: 'status',
    reason: 'answers mostly 503 and the like',
    by: a.self.id,
    at: 1,
  };
  await untilValue('everyone has heard', async () => {
    a.reportEjection(ejection);
    await a.readInstances();
    return heard.size === 3 ? true : null;
  });
  for (const told of heard.values()) assert.deepEqual(told, ejection);
}

async function tellsSessions({ workers: [a, b, c] }: ConformanceCluster): Promise<void> {
  const heard = new Map<string, readonly SessionPlacement[]>();
  for (const state of [a, b, c]) state.onSessions((placed) => heard.set(state.self.id, placed));
  await agreedOnPeers([a, b, c]);
  const placed: SessionPlacement[] = [
    ['s1', 'e#1'],
    ['s2', 'e#2'],
  ];
  a.tellSessions(placed);
  await until('the others have heard', () => heard.size === 2);
  assert.deepEqual([heard.get(b.self.id), heard.get(c.self.id)], [placed, placed]);
  await a.readInstances();
  assert.equal(heard.has(a.self.id), false);
}

async function grantsProbes({ workers }: ConformanceCluster): Promise<void> {
  const granted = await Promise.all(workers.map((worker) => worker.acquireProbe('e#1', 1_000)));
  assert.equal(granted.filter(Boolean).length, 1);
  assert.equal(await workers[0].acquireProbe('e#2', 1_000), true);
  await untilValue('the next probe', async () =>
    (await workers[1].acquireProbe('e#1', 60_000)) ? true : null,
  );
  assert.equal(await workers[2].acquireProbe('e#1', 1_000), false);
}

async function sumsInFlight({ workers, crash }: ConformanceCluster): Promise<void> {
  const [a, b, c] = workers;
  const seen = new Map<SharedState, ReadonlyMap<string, number>>();
  for (const state of workers) state.onInFlight((others) => seen.set(state, others));
  const sees = (state: SharedState, expected: Record<string, number>): boolean => {
    const others = Object.fromEntries(seen.get(state) ?? []);
    const keys = Object.keys(expected);
    return Object.keys(others).length === keys.length && keys.every((key) => others[key] === expected[key]);
  };
  a.publishInFlight(new Map([['x', 2]]));
  b.publishInFlight(new Map(Object.entries({ x: 3, y: 1 })));
  await until('c sees both', () => sees(c, { x: 5, y: 1 }));
  await until('a sees b only', () => sees(a, { x: 3, y: 1 }));
  await until('b sees a only', () => sees(b, { x: 2 }));
  a.publishInFlight(new Map());
  await until('b sees none', () => sees(b, {}));
  a.publishInFlight(new Map([['x', 7]]));
  await until('c sees all again', () => sees(c, { x: 10, y: 1 }));
  await crash(b);
  await until('the share of the dead is gone', () => sees(c, { x: 7 }));
}

async function readsStatistics({ workers, crash }: ConformanceCluster): Promise<void> {
  const [a, b, c] = workers;
  a.provideStatistics(() => statisticsOf(1));
  b.publishStatistics(statisticsOf(10));
  c.publishStatistics(statisticsOf(100));
  const total = async (): Promise<number> => {
    const reading = await a.readStatistics(DEADLINE_MS);
    return reading.workers.reduce((sum, { statistics }) => sum + statistics.total.requests, 0);
  };
  await untilValue('the sum of all', async () => ((await total()) === 111 ? true : null));
  b.publishStatistics(statisticsOf(20));
  await untilValue('the newest report', async () => ((await total()) === 121 ? true : null));
  // Told to the store by now: others have read it. The dead keep their part.
  await crash(b);
  await untilValue('the dead share', async () => {
    const { workers: all } = await c.readStatistics(DEADLINE_MS);
    const dead = all.find(({ instance }) => instance === b.self.id);
    return dead?.alive === false && dead.statistics.total.requests === 20 ? true : null;
  });
  assert.equal(await total(), 121);
  const reading = await a.readStatistics(DEADLINE_MS);
  const own = reading.workers.find(({ instance }) => instance === a.self.id);
  assert.deepEqual([own?.alive, own?.ageMs, own?.host], [true, 0, a.self.host]);
}

async function knowsInstances({ workers, agents, crash }: ConformanceCluster): Promise<void> {
  const ids = [...workers, ...agents].map(({ self }) => self.id).sort();
  const living = async (): Promise<string[]> => {
    const instances = await agents[0].readInstances();
    return instances.filter(({ role }) => role !== 'primary').map(({ id }) => id);
  };
  await untilValue('everyone', async () => {
    const known = (await living()).filter((id) => ids.includes(id)).sort();
    return known.join() === ids.join() ? true : null;
  });
  const { ageMs, leading, ...instance } = (await agents[0].readInstances()).find(
    ({ id }) => id === workers[0].self.id,
  ) as Awaited<ReturnType<SharedState['readInstances']>>[number];
  assert.deepEqual(instance, workers[0].self);
  assert.ok(ageMs >= 0 && ageMs <= 5_000);
  assert.equal(leading, false);
  await crash(workers[0]);
  await untilValue('the dead is gone', async () =>
    (await living()).includes(workers[0].self.id) ? null : true,
  );
}

async function gathersAnswers({ workers, agents }: ConformanceCluster): Promise<void> {
  const [a, b, c] = workers;
  await agreedOnPeers(workers);
  a.onAsk('live', (question) => ({ me: 'a', body: question.body }));
  b.onAsk('live', () => Promise.resolve({ me: 'b' }));
  c.onAsk('live', () => null);
  agents[0].onAsk('live', () => ({ me: 'agent' }));
  const { answers, missing } = await untilValue('all answers', async () => {
    const all = await a.ask({ kind: 'live', role: 'worker', body: 7 }, 500);
    return all.answers.length === 2 ? all : null;
  });
  assert.deepEqual(
    new Set(answers.map(({ answer }) => JSON.stringify(answer))),
    new Set(['{"me":"a","body":7}', '{"me":"b"}']),
  );
  assert.deepEqual(missing, []);
  b.onAsk('hang', () => new Promise(() => {}));
  const partial = await a.ask({ kind: 'hang' }, 100);
  assert.deepEqual(partial, { answers: [], missing: [b.self.id] });
}

async function passesEvents({ workers: [a, b, c] }: ConformanceCluster): Promise<void> {
  const seen: StateEvent[] = [];
  b.onEvent((event) => seen.push(event));
  await agreedOnPeers([a, b, c]);
  await untilValue('an event', async () => {
    a.emitEvent({ at: 5, kind: 'drain', by: a.self.id, message: 'drained', endpoint: 'e' });
    await a.readInstances();
    return seen.length > 0 ? true : null;
  });
  assert.deepEqual(seen[0], { at: 5, kind: 'drain', by: a.self.id, message: 'drained', endpoint: 'e' });
}

async function keepsControl({ workers: [a, b] }: ConformanceCluster): Promise<void> {
  assert.deepEqual(await a.readControl(), { revision: 0, drained: {}, refresh: 0 });
  let seen = 0;
  b.onControl((control) => (seen = control.revision));
  const drained = await a.changeControl({ action: 'drain', endpoint: 'e', by: 'me' });
  assert.equal(drained.revision, 1);
  assert.equal(drained.drained['e']?.by, 'me');
  await until('the change is seen', () => seen === 1);
  await Promise.all([
    a.changeControl({ action: 'refresh', by: 'me' }),
    b.changeControl({ action: 'refresh', by: 'me' }),
  ]);
  const resumed = await b.changeControl({ action: 'resume', endpoint: 'e', by: 'me' });
  assert.deepEqual(resumed, { revision: 4, drained: {}, refresh: 2 });
  assert.deepEqual(await a.readControl(), resumed);
  await until('all changes are seen', () => seen === 4);
}

async function rejectsAfterClose({ workers: [a] }: ConformanceCluster): Promise<void> {
  await a.close();
  await a.close();
  await assert.rejects(a.readControl(), { code: 'STATE_CLOSED' });
  await assert.rejects(a.takeLeases([ask({ key: 'k' })], 50), { code: 'STATE_CLOSED' });
  a.settleLeases([]);
  a.publishInFlight(new Map([['x', 1]]));
}

// ── what the tests share ──────────────────────────────────────────────────

function ask(options: Partial<LeaseAsk> & { readonly key: string }): LeaseAsk {
  // One token a minute: no test lives to see a refill.
  return { ratePerMinute: 1, capacity: 10, need: 1, spare: 0, ...options };
}

async function takeOne(
  state: SharedState,
  options: Partial<LeaseAsk> & { readonly key: string },
): Promise<LeaseGrant> {
  const [grant] = await state.takeLeases([ask(options)], DEADLINE_MS);
  assert.ok(grant !== undefined);
  return grant;
}

function snapshotOf(token: number, n: number, model: string, revision = 1): Snapshot {
  return {
    version: { token, n },
    publishedAt: 1,
    agent: 'agent',
    endpoints: [],
    catalog: {
      revision,
      models: [
        {
          id: model,
          aliases: [],
          kind: 'llm',
          family: null,
          variant: null,
          parameterSize: null,
          parameterCount: null,
          quantization: null,
          format: null,
          contextLength: null,
          capabilities: [],
          created: 1,
          locations: [],
        },
      ],
    },
  };
}

function statisticsOf(requests: number): WorkerStatistics {
  return {
    total: { ...newTrafficCounters(), requests },
    endpoints: {},
    models: {},
    modelEndpoints: {},
    inFlight: {},
    connections: 0,
    rejected: { global: 0, perIp: 0, health: 0, size: 0 },
    blockedAddresses: 0,
    leaseWaits: 0,
    droppedSpans: 0,
  };
}

/** Everyone has heard of everyone, so pushes reach all. */
async function agreedOnPeers(states: readonly SharedState[]): Promise<void> {
  await until('all know of all', () => states.every((state) => state.peers().workers >= 3));
}

async function until(what: string, condition: () => boolean): Promise<void> {
  await untilValue(what, () => Promise.resolve(condition() ? true : null));
}

/** Tries until there is a value, and fails with what was waited for. */
async function untilValue<T>(what: string, attempt: () => Promise<T | null>): Promise<T> {
  const deadlineMs = performance.now() + PATIENCE_MS;
  while (performance.now() < deadlineMs) {
    const value = await attempt();
    if (value !== null) return value;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  assert.fail(`waited in vain: ${what}`);
}
