import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { startRedis, type TestRedis } from '@olla/testing/redis';
import { Limiter } from '../limiter.ts';
import type { LimitSpec } from '../limiter/admission.ts';
import { makeRedisCluster } from '../../testing/redis-cluster.ts';

const GLOBAL: LimitSpec = { name: 'global', key: 'global', ratePerMinute: 1_200, capacity: 30 };
const OFFERED_PER_S = 80;
const DURATION_MS = 2_500;
/** A refusal is cached until the next token is due, so a token may stay unused for that long. */
const SLACK_MS = 200;

describe('limits of two hosts', () => {
  let redis: TestRedis;
  before(async () => {
    redis = await startRedis();
  });
  after(() => redis.stop());

  test('together admit exactly rate × time + capacity at several times the limit', async () => {
    const cluster = await makeRedisCluster({ url: redis.url, name: randomUUID() });
    const limiters = cluster.workers.map((state) => new Limiter({ state, onStateLoss: 'closed' }));
    try {
      const admittedAtMs: number[] = [];
      const pending: Promise<void>[] = [];
      const startedMs = performance.now();
      for (let offered = 0; performance.now() - startedMs < DURATION_MS;) {
        const dueMs = (offered * 1_000) / OFFERED_PER_S;
        if (performance.now() - startedMs < dueMs) {
          await new Promise((resolve) => setTimeout(resolve, 2));
          continue;
        }
        // Each address has enough tokens, so that only the global limit refuses.
        const address: LimitSpec = { ...GLOBAL, name: 'per_ip', key: `ip:${offered % 7}` };
        const limiter = limiters[offered % limiters.length] as Limiter;
        offered += 1;
        pending.push(
          Promise.resolve(limiter.admit([GLOBAL, address])).then(({ admitted }) => {
            if (admitted) admittedAtMs.push(performance.now());
          }),
        );
      }
      await Promise.all(pending);
      const allowedIn = (ms: number): number => GLOBAL.capacity + (ms * GLOBAL.ratePerMinute) / 60_000;
      const lastMs = (admittedAtMs.at(-1) ?? 0) - startedMs;
      assert.ok(admittedAtMs.length <= allowedIn(lastMs), `${admittedAtMs.length} in ${lastMs} ms`);
      const least = Math.floor(allowedIn(DURATION_MS - SLACK_MS));
      assert.ok(
        admittedAtMs.length >= least,
        `${admittedAtMs.length} admitted, at least ${least} had a token`,
      );
    } finally {
      for (const limiter of limiters) limiter.close();
      await cluster.close();
    }
  });
});
