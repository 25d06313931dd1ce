import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { startRedis } from '@olla/testing/redis';
import type { TestRedis } from '@olla/testing/redis';
import fc from 'fast-check';
import { LEASE_TTL_MS } from '../bucket.ts';
import { Buckets } from '../memory/buckets.ts';
import type { LeaseAsk } from '../port.ts';
import { RedisConnection } from './connection.ts';
import { leaseScripts } from './lease-scripts.ts';

/** The same scripts, with time moved by the test: the last argument. */
const SCRIPTS = leaseScripts('tonumber(ARGV[#ARGV])');

describe('lease scripts', () => {
  let redis: TestRedis;
  let connection: RedisConnection;
  let run = 0;
  before(async () => {
    redis = await startRedis();
    connection = new RedisConnection({ url: redis.url, name: 'test' });
  });
  after(async () => {
    connection.close();
    await redis.stop();
  });

  it('decide as the bucket in TypeScript does', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(stepOf, { minLength: 10, maxLength: 60 }), async (steps) => {
        run += 1;
        await compare(connection, `t{${run}}:`, steps);
      }),
      { numRuns: 40 },
    );
  });

  it('forget a bucket when it is full again', async () => {
    const [key] = ['t{expiry}:k'];
    await take(connection, 't{expiry}:', 'a', [askOf('k', 60_000, 5, 2, 0)], Date.now());
    const ttlMs = await connection.client.pttl(key);
    assert.ok(ttlMs > 0 && ttlMs <= 1_010, `${ttlMs}`);
  });
});

type Step =
  | { readonly do: 'pass'; readonly ms: number }
  | { readonly do: 'take'; readonly holder: string; readonly asks: readonly LeaseAsk[] }
  | { readonly do: 'settle'; readonly holder: string; readonly spent: number; readonly unspent: number };

const holderOf = fc.constantFrom('a', 'b', 'c');
const stepOf: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ do: fc.constant('pass' as const), ms: fc.nat(900) }),
  fc.record({
    do: fc.constant('take' as const),
    holder: holderOf,
    asks: fc.uniqueArray(
      fc.record({
        key: fc.constantFrom('k1', 'k2'),
        ratePerMinute: fc.constantFrom(100, 1_000, 333.25),
        capacity: fc.constantFrom(20, 50),
        need: fc.nat(6),
        spare: fc.nat(12),
      }),
      { selector: ({ key }) => key, minLength: 1, maxLength: 2 },
    ),
  }),
  fc.record({ do: fc.constant('settle' as const), holder: holderOf, spent: fc.nat(4), unspent: fc.nat(4) }),
);

async function compare(connection: RedisConnection, prefix: string, steps: readonly Step[]): Promise<void> {
  let nowMs = 1_700_000_000_000;
  const buckets = new Buckets(() => nowMs);
  // Each side names its leases itself.
  const idsHere = new Map<string, string>();
  const idsThere = new Map<string, string>();
  for (const step of steps) {
    // Redis forgets a full bucket at once.
    buckets.sweep();
    if (step.do === 'pass') nowMs += step.ms;
    else if (step.do === 'take') {
      const here = buckets
        .take(step.holder, step.asks, 2)
        .map((g): Answer => [g.granted, g.leaseId, g.remaining, g.stranded, g.retryAfterMs, g.resetMs]);
      const there = await take(connection, prefix, step.holder, step.asks, nowMs);
      assert.deepEqual(there.map(withoutId), here.map(withoutId));
      step.asks.forEach(({ key }, i) => {
        noteId(idsHere, `${step.holder} ${key}`, here[i]);
        noteId(idsThere, `${step.holder} ${key}`, there[i]);
      });
    } else {
      const { holder, spent, unspent } = step;
      const lease = `${holder} k1`;
      buckets.settle(holder, [{ key: 'k1', leaseId: idsHere.get(lease) ?? '0', spent, unspent }]);
      const args = [holder, idsThere.get(lease) ?? '0', spent, unspent, nowMs];
      await connection.script('settle', 1_000, SCRIPTS.settle, [`${prefix}k1`], args);
    }
  }
}

/** granted, lease id, remaining, stranded, ms to the next token, ms to full */
type Answer = readonly [number, string, number, number, number, number];

function withoutId([granted, leaseId, ...rest]: Answer): readonly unknown[] {
  return [granted, leaseId === '', ...rest];
}

function noteId(ids: Map<string, string>, lease: string, answer: Answer | undefined): void {
  if (answer !== undefined && answer[1] !== '') ids.set(lease, answer[1]);
}

function take(
  connection: RedisConnection,
  prefix: string,
  holder: string,
  asks: readonly LeaseAsk[],
  nowMs: number,
): Promise<Answer[]> {
  const args: (string | number)[] = [holder, 2, LEASE_TTL_MS, `${prefix}recalls`];
  for (const ask of asks) args.push(ask.ratePerMinute, ask.capacity, ask.need, ask.spare, ask.key);
  const keys = asks.map(({ key }) => `${prefix}${key}`);
  return connection.script('take', 1_000, SCRIPTS.take, keys, [...args, nowMs]) as Promise<Answer[]>;
}

function askOf(key: string, ratePerMinute: number, capacity: number, need: number, spare: number): LeaseAsk {
  return { key, ratePerMinute, capacity, need, spare };
}
