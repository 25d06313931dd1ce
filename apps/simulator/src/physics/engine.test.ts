import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createEngine, type Engine, type EngineOptions } from './engine.ts';
import { createFakeClock } from './fake-clock.ts';
import type { JobStats, Ticket } from './job.ts';

const PHYSICS = { prefillTps: 1_000, decodeTps: 100, memoryGb: 10, loadMs: 5_000 };
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
  const engine = createEngine({ ...OPTIONS, ...options }, () => PHYSICS, clock);
  return { clock, engine, ask: asker(engine, () => clock.now()) };
}

interface Asked {
  ticket: Ticket;
  slotAt?: number;
  tokensAt: number[];
  stats?: JobStats;
  failed?: string;
}

function asker(engine: Engine, now: () => number) {
  return (model: string, tokens = 3, promptText = `${Math.random()}`): Asked => {
    const asked: Asked = { ticket: { cancel: () => undefined }, tokensAt: [] };
    asked.ticket = engine.submit({
      model,
      promptText,
      promptTokens: 100,
      pieces: Array.from({ length: tokens }, () => ' word'),
      onSlot: () => (asked.slotAt = now()),
      onToken: () => asked.tokensAt.push(Math.round(now())),
      onDone: (stats) => (asked.stats = stats),
      onFail: (reason) => (asked.failed = reason),
    });
    return asked;
  };
}

test('a cold model loads, reads the prompt, then says a token each 1/d seconds', () => {
  const { clock, ask } = setUp();
  const asked = ask('a');
  clock.advance(10_000);
  assert.deepEqual(asked.tokensAt, [5_100, 5_110, 5_120]);
  assert.deepEqual(asked.stats, {
    promptTokens: 100,
    cachedTokens: 0,
    outputTokens: 3,
    queueMs: 0,
    loadMs: 5_000,
    promptMs: 100,
    decodeMs: asked.stats?.decodeMs,
    totalMs: asked.stats?.totalMs,
  });
  assert.equal(Math.round(asked.stats?.totalMs ?? 0), 5_120);
});

test('sequences share the card: a batch of two decodes slower, twice as slow beside a prompt', () => {
  const { clock, engine, ask } = setUp();
  engine.preload('a');
  const first = ask('a', 40);
  const second = ask('a', 40);
  clock.advance(250);
  const gaps = first.tokensAt.slice(1).map((at, index) => at - (first.tokensAt[index] as number));
  assert.equal(gaps[1], 20, 'half speed while the second prompt is read');
  assert.equal(gaps.at(-1), 15, 'd ÷ (1 + k) with two in the batch');
  assert.equal(second.tokensAt[0], 200, 'one prompt at a time');
});

test('beyond its slots a model queues in silence, first in, first out', () => {
  const { clock, engine, ask } = setUp();
  engine.preload('a');
  const asked = [ask('a'), ask('a'), ask('a'), ask('a')];
  clock.advance(150);
  assert.deepEqual(
    asked.map((one) => one.slotAt !== undefined),
    [true, true, true, false],
  );
  assert.deepEqual(engine.load(), { running: 2, waiting: 1 });
  clock.advance(1_000);
  assert.ok((asked[3]?.slotAt ?? 0) >= (asked[2]?.slotAt ?? Infinity));
  assert.ok((asked[3]?.stats?.queueMs ?? 0) > 0);
});

test('the head of the queue waits for memory and holds up all behind it, then comes queue-full', () => {
  const { clock, engine, ask } = setUp({ capacityGb: 10 });
  engine.preload('a');
  const long = ask('a', 1_000);
  const other = ask('b');
  const behind = ask('a');
  const refused = ask('c');
  assert.equal(refused.failed, 'queue-full');
  clock.advance(2_000);
  assert.equal(other.slotAt, undefined);
  assert.equal(behind.slotAt, undefined);
  long.ticket.cancel();
  clock.advance(6_000);
  assert.equal(other.stats?.outputTokens, 3, 'b was loaded once a was idle');
});

test('a load is given up when the client that asked for it leaves, and begun anew for those who joined', () => {
  const { clock, engine, ask } = setUp();
  const owner = ask('a');
  const follower = ask('a');
  clock.advance(4_000);
  owner.ticket.cancel();
  clock.advance(4_900);
  assert.equal(follower.slotAt, undefined, 'the load began again at 4 s');
  clock.advance(1_000);
  assert.equal(follower.stats?.loadMs, 5_000);
  assert.deepEqual(
    engine.residents().map((held) => held.model),
    ['a'],
  );
});

test('a cancelled sequence frees its slot at once', () => {
  const { clock, engine, ask } = setUp({ slots: 1 });
  engine.preload('a');
  const first = ask('a', 1_000);
  const second = ask('a');
  clock.advance(500);
  first.ticket.cancel();
  assert.equal(second.slotAt, 500);
  const heard = first.tokensAt.length;
  clock.advance(1_000);
  assert.equal(first.tokensAt.length, heard);
  assert.equal(first.stats, undefined);
});

test('an idle model goes after its keep-alive', () => {
  const { clock, engine, ask } = setUp();
  ask('a');
  clock.advance(5_200 + 299_000);
  assert.equal(engine.residents().length, 1);
  clock.advance(2_000);
  assert.equal(engine.residents().length, 0);
});

test('the next turn of a conversation finds prompt and answer in the cache', () => {
  const { clock, engine, ask } = setUp();
  engine.preload('a');
  const prompt = 'x'.repeat(256);
  ask('a', 26, prompt);
  clock.advance(1_000);
  const next = ask('a', 1, prompt + ' word'.repeat(26) + 'and more');
  clock.advance(1_000);
  assert.equal(next.stats?.cachedTokens, 96, '386 characters are three whole blocks');
});

test('a crash fails all work and forgets all models', () => {
  const { clock, engine, ask } = setUp();
  engine.preload('a');
  const running = ask('a', 100);
  const loading = ask('b');
  clock.advance(200);
  engine.crash();
  assert.equal(running.failed, 'crashed');
  assert.equal(loading.failed, 'crashed');
  assert.deepEqual(engine.residents(), []);
  assert.deepEqual(engine.load(), { running: 0, waiting: 0 });
});
