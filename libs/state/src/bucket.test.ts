import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import {
  advance,
  lease,
  LEASE_TTL_MS,
  msToFull,
  msToNextToken,
  newBucket,
  reconfigure,
  giveBack,
  spend,
  strandedFor,
  wholeTokens,
  type Bucket,
} from './bucket.ts';

describe('token bucket with leases', () => {
  test('loses no fraction of a token, however often it is refilled', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 2_000 }),
        fc.array(fc.nat(400), { maxLength: 60 }),
        (rate, steps) => {
          const bucket = newBucket(rate, 1_000_000, 0);
          spend(bucket, 1_000_000);
          let nowMs = 0;
          for (const step of steps) advance(bucket, (nowMs += step));
          assert.equal(bucket.units, nowMs * rate);
        },
      ),
      { numRuns: 200 },
    );
  });

  test('admits at most rate × time + capacity in any window, with any sequence of operations', () => {
    fc.assert(fc.property(historyOf, checkHistory), { numRuns: 300 });
  });

  test('leases at most level ÷ (2 × live workers) as spare tokens', () => {
    const bucket = newBucket(60, 100, 0);
    assert.equal(lease(bucket, 'a', 1_000, 4).granted, 12);
    assert.equal(lease(bucket, 'b', 3, 4).granted, 3);
    assert.equal(strandedFor(bucket, 'a'), 3);
    assert.equal(wholeTokens(bucket), 85);
  });

  test('accepts unspent tokens once, and none after the lease has expired', () => {
    const bucket = newBucket(1, 100, 0);
    const { leaseId } = lease(bucket, 'a', 10, 1);
    giveBack(bucket, 'a', leaseId, 4, 6);
    giveBack(bucket, 'a', leaseId, 0, 6);
    assert.equal(wholeTokens(bucket), 96);
    const later = lease(bucket, 'a', 10, 1);
    advance(bucket, LEASE_TTL_MS);
    const newer = lease(bucket, 'a', 5, 1);
    giveBack(bucket, 'a', later.leaseId, 0, 10);
    assert.equal(bucket.outstanding, newer.granted);
    assert.equal(wholeTokens(bucket), 81);
  });

  test('does not refill the room of leased tokens', () => {
    const bucket = newBucket(1_500, 60, 0);
    assert.equal(lease(bucket, 'a', 30, 1).granted, 30);
    // 25 a second would have been refilled if there had been room before the expiry at 1,000 ms.
    advance(bucket, LEASE_TTL_MS + 100);
    assert.equal(bucket.units, 32.5 * 60_000);
  });

  test('reports when the next token and the full bucket are due', () => {
    const bucket = newBucket(100, 50, 0);
    assert.deepEqual([msToNextToken(bucket), msToFull(bucket)], [600, 0]);
    spend(bucket, 50);
    advance(bucket, 100);
    assert.deepEqual([msToNextToken(bucket), msToFull(bucket)], [500, 29_900]);
    advance(bucket, 600);
    assert.equal(wholeTokens(bucket), 1);
  });

  test('grants no extra token when the limit changes', () => {
    const bucket = newBucket(60, 100, 0);
    lease(bucket, 'a', 8, 1);
    reconfigure(bucket, 60, 10);
    assert.equal(wholeTokens(bucket), 2);
    reconfigure(bucket, 60, 50);
    assert.equal(wholeTokens(bucket), 2);
  });
});

type Step =
  | { readonly do: 'pass'; readonly ms: number }
  | {
      readonly do: 'take' | 'lease' | 'spend' | 'return' | 'crash';
      readonly holder: number;
      readonly tokens: number;
    };

const historyOf = fc.record({
  rate: fc.integer({ min: 1, max: 1_500 }),
  capacity: fc.integer({ min: 1, max: 60 }),
  steps: fc.array(
    fc.oneof(
      fc.record({ do: fc.constant('pass' as const), ms: fc.nat(1_200) }),
      fc.record({
        do: fc.constantFrom(
          'take' as const,
          'lease' as const,
          'spend' as const,
          'return' as const,
          'crash' as const,
        ),
        holder: fc.nat(1),
        tokens: fc.integer({ min: 1, max: 40 }),
      }),
    ),
    { maxLength: 120 },
  ),
});

interface Holding {
  id: string;
  tokens: number;
  spent: number;
  expiresAtMs: number;
}

function checkHistory(history: { rate: number; capacity: number; steps: readonly Step[] }): void {
  const bucket = newBucket(history.rate, history.capacity, 0);
  const holdings = new Map<string, Holding>();
  const admitted: { atMs: number; tokens: number }[] = [];
  let nowMs = 0;
  for (const step of history.steps) {
    if (step.do === 'pass') {
      nowMs += step.ms;
      continue;
    }
    perform(bucket, step, nowMs, holdings, admitted);
    const total = bucket.units / 60_000 + bucket.outstanding;
    assert.ok(total <= history.capacity && bucket.units >= 0 && bucket.outstanding >= 0);
  }
  checkWindows(admitted, history.rate, history.capacity);
}

function perform(
  bucket: Bucket,
  step: Exclude<Step, { do: 'pass' }>,
  nowMs: number,
  holdings: Map<string, Holding>,
  admitted: { atMs: number; tokens: number }[],
): void {
  const holder = `h${step.holder}`;
  const holding = holdings.get(holder);
  const alive = holding !== undefined && holding.expiresAtMs > nowMs ? holding : undefined;
  if (step.do === 'take') {
    advance(bucket, nowMs);
    const tokens = Math.min(step.tokens, wholeTokens(bucket));
    spend(bucket, tokens);
    admitted.push({ atMs: nowMs, tokens });
  } else if (step.do === 'lease') {
    advance(bucket, nowMs);
    const { granted, leaseId } = lease(bucket, holder, step.tokens, 1);
    if (granted === 0) return;
    const old = alive?.id === leaseId ? alive : { tokens: 0, spent: 0 };
    const expiresAtMs = nowMs + LEASE_TTL_MS;
    holdings.set(holder, { id: leaseId, tokens: old.tokens + granted, spent: old.spent, expiresAtMs });
  } else if (step.do === 'crash') holdings.delete(holder);
  else if (alive !== undefined && step.do === 'spend') {
    const tokens = Math.min(step.tokens, alive.tokens);
    alive.tokens -= tokens;
    alive.spent += tokens;
    admitted.push({ atMs: nowMs, tokens });
  } else if (alive !== undefined) {
    const unspent = Math.min(step.tokens, alive.tokens);
    advance(bucket, nowMs);
    giveBack(bucket, holder, alive.id, alive.spent, unspent);
    alive.tokens -= unspent;
    alive.spent = 0;
  }
}

function checkWindows(
  admitted: readonly { atMs: number; tokens: number }[],
  rate: number,
  capacity: number,
): void {
  for (let from = 0; from < admitted.length; from += 1) {
    let sum = 0;
    const startMs = admitted[from]?.atMs ?? 0;
    for (let to = from; to < admitted.length; to += 1) {
      const { atMs, tokens } = admitted[to] as { atMs: number; tokens: number };
      sum += tokens;
      assert.ok(
        sum <= capacity + ((atMs - startMs) * rate) / 60_000 + 1e-9,
        `${sum} in ${atMs - startMs} ms`,
      );
    }
  }
}
