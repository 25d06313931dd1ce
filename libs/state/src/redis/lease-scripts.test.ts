import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { startRedis, type TestRedis } from '@olla/testing/redis';
import fc from 'fast-check';
import { LEASE_TTL_MS } from '../bucket.ts';
import { Buckets } from '../memory/buckets.ts';
import type { LeaseRequest } from '../ports/leases.ts';
import { RedisConnection } from './connection.ts';
import { leaseScripts, type TakenLease } from './lease-scripts.ts';

/** The same scripts with the time as their last argument. */
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

  test('grant the same as the bucket in TypeScript for any sequence of operations', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(stepOf, { minLength: 10, maxLength: 60 }), async (steps) => {
        run += 1;
        await compare(connection, `t{${run}}:`, steps);
      }),
      { numRuns: 40 },
    );
  });

  test('drop a bucket when it is full again', async () => {
    const [key] = ['t{expiry}:k'];
    await take(connection, 't{expiry}:', 'a', [requestOf('k', 60_000, 5, 2, 0)], Date.now());
    const ttlMs = await connection.client.pttl(key);
    assert.ok(ttlMs > 0 && ttlMs <= 1_010, `${ttlMs}`);
  });
});

type Step =
  | { readonly do: 'pass'; readonly ms: number }
  | { readonly do: 'take'; readonly holder: string; readonly requests: readonly LeaseRequest[] }
  | { readonly do: 'return'; readonly holder: string; readonly spent: number; readonly unspent: number };

const holderOf = fc.constantFrom('a', 'b', 'c');
const stepOf: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ do: fc.constant('pass' as const), ms: fc.nat(900) }),
  fc.record({
    do: fc.constant('take' as const),
    holder: holderOf,
    requests: fc.uniqueArray(
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
  fc.record({ do: fc.constant('return' as const), holder: holderOf, spent: fc.nat(4), unspent: fc.nat(4) }),
);

async function compare(connection: RedisConnection, prefix: string, steps: readonly Step[]): Promise<void> {
  let nowMs = 1_700_000_000_000;
  const buckets = new Buckets(() => nowMs);
  // Each side makes its own lease ids.
  const idsHere = new Map<string, string>();
  const idsThere = new Map<string, string>();
  for (const step of steps) {
    // Redis drops a full bucket at once.
    buckets.sweep();
    if (step.do === 'pass') nowMs += step.ms;
    else if (step.do === 'take') {
      const here = buckets
        .take({ holder: step.holder, requests: step.requests, liveWorkers: 2 })
        .map((g): TakenLease => [g.granted, g.leaseId, g.remaining, g.stranded, g.retryAfterMs, g.resetMs]);
      const there = await take(connection, prefix, step.holder, step.requests, nowMs);
      assert.deepEqual(there.map(withoutId), here.map(withoutId));
      step.requests.forEach(({ key }, i) => {
        noteId(idsHere, `${step.holder} ${key}`, here[i]);
        noteId(idsThere, `${step.holder} ${key}`, there[i]);
      });
    } else {
      const { holder, spent, unspent } = step;
      const lease = `${holder} k1`;
      buckets.giveBack(holder, [{ key: 'k1', leaseId: idsHere.get(lease) ?? '0', spent, unspent }]);
      const args = [holder, idsThere.get(lease) ?? '0', spent, unspent, nowMs];
      await connection.runScript(SCRIPTS.giveBack, { deadlineMs: 1_000, keys: [`${prefix}k1`], args });
    }
  }
}

function withoutId([granted, leaseId, ...rest]: TakenLease): readonly unknown[] {
  return [granted, leaseId === '', ...rest];
}

function noteId(ids: Map<string, string>, lease: string, grant: TakenLease | undefined): void {
  if (grant !== undefined && grant[1] !== '') ids.set(lease, grant[1]);
}

function take(
  connection: RedisConnection,
  prefix: string,
  holder: string,
  requests: readonly LeaseRequest[],
  nowMs: number,
): Promise<TakenLease[]> {
  const args: (string | number)[] = [holder, 2, LEASE_TTL_MS, `${prefix}recalls`];
  for (const request of requests)
    args.push(request.ratePerMinute, request.capacity, request.need, request.spare, request.key);
  const keys = requests.map(({ key }) => `${prefix}${key}`);
  return connection.runScript(SCRIPTS.take, { deadlineMs: 1_000, keys, args: [...args, nowMs] });
}

function requestOf(
  key: string,
  ratePerMinute: number,
  capacity: number,
  need: number,
  spare: number,
): LeaseRequest {
  return { key, ratePerMinute, capacity, need, spare };
}
