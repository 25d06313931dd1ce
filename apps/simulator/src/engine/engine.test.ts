import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createFakeClock } from '../../testing/fake-clock.ts';
import { Engine, type EngineOptions } from './engine.ts';
import type { JobHandle, JobStats } from './job.ts';

const COST = { prefillTps: 1_000, decodeTps: 100, memoryGb: 10, loadMs: 5_000 };
const OPTIONS: EngineOptions = {
  capacityGb: 24,
  maxModels: 3,
  slots: 2,
  batchPenalty: 0.5,
  prefixCacheTokens: 8_000,
  queueLimit: 2,
  keepAliveMs: 300_000,
};

function setUp(options: Partial<EngineOptions> = {}) {
  const clock = createFakeClock();
  const engine = new Engine({ ...OPTIONS, ...options }, () => COST, clock);
  return { clock, engine, submit: submitter(engine, () => clock.now()) };
}

interface Submitted {
  job: JobHandle;
  slotAt?: number;
  tokensAt: number[];
  stats?: JobStats;
  failed?: string;
}

function submitter(engine: Engine, now: () => number) {
  return (model: string, tokens = 3, promptText = `${Math.random()}`): Submitted => {
    const submitted: Submitted = { job: { cancel: () => undefined }, tokensAt: [] };
    submitted.job = engine.submit({
      model,
      promptText,
      promptTokens: 100,
      pieces: Array.from({ length: tokens }, () => ' word'),
      onSlot: () => (submitted.slotAt = now()),
      onToken: () => submitted.tokensAt.push(Math.round(now())),
      onDone: (stats) => (submitted.stats = stats),
      onFail: (reason) => (submitted.failed = reason),
    });
    return submitted;
  };
}

test('loads a cold model, reads the prompt, then produces a token every 1/d seconds', () => {
  const { clock, submit } = setUp();
  const submitted = submit('a');
  clock.advance(10_000);
  assert.deepEqual(submitted.tokensAt, [5_100, 5_110, 5_120]);
  assert.deepEqual(submitted.stats, {
    promptTokens: 100,
    cachedTokens: 0,
    outputTokens: 3,
    queueMs: 0,
    loadMs: 5_000,
    promptMs: 100,
    decodeMs: submitted.stats?.decodeMs,
    totalMs: submitted.stats?.totalMs,
  });
  assert.equal(Math.round(submitted.stats?.totalMs ?? 0), 5_120);
});

test('decodes slower in a batch of two, and at half speed while another prompt is read', () => {
  const { clock, engine, submit } = setUp();
  engine.preload('a');
  const first = submit('a', 40);
  const second = submit('a', 40);
  clock.advance(250);
  const gaps = first.tokensAt.slice(1).map((at, index) => at - (first.tokensAt[index] as number));
  assert.equal(gaps[1], 20, 'half speed while the second prompt is read');
  assert.equal(gaps.at(-1), 15, 'd ÷ (1 + k) with two in the batch');
  assert.equal(second.tokensAt[0], 200, 'one prompt at a time');
});

test('queues jobs beyond the slots, first in, first out', () => {
  const { clock, engine, submit } = setUp();
  engine.preload('a');
  const submitted = [submit('a'), submit('a'), submit('a'), submit('a')];
  clock.advance(150);
  assert.deepEqual(
    submitted.map((one) => one.slotAt !== undefined),
    [true, true, true, false],
  );
  assert.deepEqual(engine.requestCounts(), { running: 2, waiting: 1 });
  clock.advance(1_000);
  assert.ok((submitted[3]?.slotAt ?? 0) >= (submitted[2]?.slotAt ?? Infinity));
  assert.ok((submitted[3]?.stats?.queueMs ?? 0) > 0);
});

test('holds up the queue behind a job that waits for memory, and fails the next one with queue-full when the queue is full', () => {
  const { clock, engine, submit } = setUp({ capacityGb: 10 });
  engine.preload('a');
  const long = submit('a', 1_000);
  const other = submit('b');
  const behind = submit('a');
  const refused = submit('c');
  assert.equal(refused.failed, 'queue-full');
  clock.advance(2_000);
  assert.equal(other.slotAt, undefined);
  assert.equal(behind.slotAt, undefined);
  long.job.cancel();
  clock.advance(6_000);
  assert.equal(other.stats?.outputTokens, 3, 'b is loaded when a is idle');
});

test('restarts a load for the jobs that joined it when the job that started it is cancelled', () => {
  const { clock, engine, submit } = setUp();
  const owner = submit('a');
  const follower = submit('a');
  clock.advance(4_000);
  owner.job.cancel();
  clock.advance(4_900);
  assert.equal(follower.slotAt, undefined, 'the load started again at 4 s');
  clock.advance(1_000);
  assert.equal(follower.stats?.loadMs, 5_000);
  assert.deepEqual(
    engine.residents().map((held) => held.model),
    ['a'],
  );
});

test('frees the slot at once when a running job is cancelled', () => {
  const { clock, engine, submit } = setUp({ slots: 1 });
  engine.preload('a');
  const first = submit('a', 1_000);
  const second = submit('a');
  clock.advance(500);
  first.job.cancel();
  assert.equal(second.slotAt, 500);
  const heard = first.tokensAt.length;
  clock.advance(1_000);
  assert.equal(first.tokensAt.length, heard);
  assert.equal(first.stats, undefined);
});

test('removes an idle model when its keep-alive time ends', () => {
  const { clock, engine, submit } = setUp();
  submit('a');
  clock.advance(5_200 + 299_000);
  assert.equal(engine.residents().length, 1);
  clock.advance(2_000);
  assert.equal(engine.residents().length, 0);
});

test('finds the prompt and the output of a conversation in the cache when its next turn comes', () => {
  const { clock, engine, submit } = setUp();
  engine.preload('a');
  const prompt = 'x'.repeat(256);
  submit('a', 26, prompt);
  clock.advance(1_000);
  const next = submit('a', 1, prompt + ' word'.repeat(26) + 'and more');
  clock.advance(1_000);
  assert.equal(next.stats?.cachedTokens, 96, '386 characters hold three whole blocks');
});

test('fails all jobs and drops all models on a crash', () => {
  const { clock, engine, submit } = setUp();
  engine.preload('a');
  const running = submit('a', 100);
  const loading = submit('b');
  clock.advance(200);
  engine.crash();
  assert.equal(running.failed, 'crashed');
  assert.equal(loading.failed, 'crashed');
  assert.deepEqual(engine.residents(), []);
  assert.deepEqual(engine.requestCounts(), { running: 0, waiting: 0 });
});
