import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { LeaseGrant, LeaseRequest } from '../../src/ports/leases.ts';
import type { SharedState } from '../../src/shared-state.ts';
import {
  DEADLINE_MS,
  inForce,
  until,
  untilValue,
  type ConformanceCluster,
  type OnCluster,
} from './cluster.ts';

export function leaseConformance(onCluster: OnCluster): void {
  describe('leases', () => {
    test('grant no more than the capacity to all processes together', onCluster(sharesCapacity));
    test('grant nothing when one need of a message cannot be met', onCluster(grantsAllOrNothing));
    test('pass returned tokens on to a process that is short of them', onCluster(movesSpareTokens));
    test('count as spent once they have expired', onCluster(expiresLeases));
  });
}

async function sharesCapacity({ workers }: ConformanceCluster): Promise<void> {
  let granted = 0;
  for (let i = 0; i < 15; i += 1) {
    for (const worker of workers.slice(i % 3, (i % 3) + 1)) {
      const grant = await takeOne(worker, { key: 'ip:1', capacity: 10 });
      granted += grant.granted;
      if (grant.granted > 0) continue;
      assert.equal(grant.remaining, 0);
      assert.ok(grant.retryAfterMs > 0 && grant.retryAfterMs <= 60_000, `retryAfterMs ${grant.retryAfterMs}`);
      assert.ok(grant.resetMs > 500_000 && grant.resetMs <= 600_000, `resetMs ${grant.resetMs}`);
    }
  }
  assert.equal(granted, 10);
}

async function grantsAllOrNothing({ workers: [a, b] }: ConformanceCluster): Promise<void> {
  await takeOne(a, { key: 'ip:2', capacity: 1 });
  const refused = await b.leases.take(
    [request({ key: 'global' }), request({ key: 'ip:2', capacity: 1 })],
    DEADLINE_MS,
  );
  assert.deepEqual(
    refused.map(({ granted }) => granted),
    [0, 0],
  );
  assert.equal(refused[0]?.remaining, 10);
  assert.equal(refused[0]?.retryAfterMs, 0);
  const granted = await b.leases.take([request({ key: 'global' }), request({ key: 'ip:3' })], DEADLINE_MS);
  assert.deepEqual(
    granted.map(({ granted: tokens }) => tokens),
    [1, 1],
  );
}

async function movesSpareTokens({ workers: [a, b] }: ConformanceCluster): Promise<void> {
  const recalled = new Set<string>();
  a.leases.onRecall((key) => recalled.add(key));
  await inForce([a, b]);
  let attempts = 0;
  // On a busy machine a lease may expire before it is returned; the test then starts again with another key.
  const returned = await untilValue('a return in time', () => {
    attempts += 1;
    return moveTokens([a, b], `k${attempts}`, recalled);
  });
  assert.deepEqual([returned.granted, returned.stranded, returned.remaining], [12, 0, 0]);
}

/** @returns null if the lease expired before its tokens were returned */
async function moveTokens(
  [a, b]: readonly [SharedState, SharedState],
  key: string,
  recalled: ReadonlySet<string>,
): Promise<LeaseGrant | null> {
  const lease = await takeOne(a, { key, capacity: 100, spare: 50 });
  // Spare is capped at level ÷ (2 × workers): 99 ÷ 6.
  assert.equal(lease.granted, 1 + 16);
  assert.notEqual(lease.leaseId, '');
  await takeOne(b, { key, capacity: 100, need: 83 });
  const short = await takeOne(b, { key, capacity: 100, need: 10 });
  if (short.stranded === 0) return null;
  assert.deepEqual([short.granted, short.stranded], [0, 16]);
  await until('the recall', () => recalled.has(key));
  a.leases.returnLeases([{ key, leaseId: lease.leaseId, spent: 4, unspent: 12 }]);
  const last = await untilValue('the end of the lease', async () => {
    const grant = await takeOne(b, { key, capacity: 100, need: 12 });
    return grant.granted > 0 || grant.stranded === 0 ? grant : null;
  });
  return last.granted > 0 ? last : null;
}

async function expiresLeases({ workers: [a, b] }: ConformanceCluster): Promise<void> {
  await inForce([a, b]);
  const lease = await takeOne(a, { key: 'k', capacity: 12, need: 0, spare: 1 });
  assert.equal(lease.granted, 1);
  await untilValue('the expiry', async () => {
    const { stranded } = await takeOne(b, { key: 'k', capacity: 12, need: 0 });
    return stranded === 0 ? true : null;
  });
  a.leases.returnLeases([{ key: 'k', leaseId: lease.leaseId, spent: 0, unspent: 1 }]);
  // The reply comes after the return, because both use the same channel.
  await takeOne(a, { key: 'k', capacity: 12, need: 0 });
  assert.equal((await takeOne(b, { key: 'k', capacity: 12, need: 12 })).granted, 0);
  assert.equal((await takeOne(b, { key: 'k', capacity: 12, need: 11 })).granted, 11);
}

type PartialRequest = Partial<LeaseRequest> & { readonly key: string };

function request(options: PartialRequest): LeaseRequest {
  // At one token a minute, no refill falls into a test.
  return { ratePerMinute: 1, capacity: 10, need: 1, spare: 0, ...options };
}

async function takeOne(state: SharedState, options: PartialRequest): Promise<LeaseGrant> {
  const [grant] = await state.leases.take([request(options)], DEADLINE_MS);
  assert.ok(grant !== undefined);
  return grant;
}
