import assert from 'node:assert/strict';
import { after, before, describe, test, type TestContext } from 'node:test';
import { jsonResponse, startRawBackend, whenComplete, type RawBackend } from '@olla/testing/raw-backend';
import { startRedis, type TestRedis } from '@olla/testing/redis';
import {
  assertAdmitsAllAllowed,
  assertAdmitsNoMore,
  assertLimitsDuringOutage,
  assertServesWhileRedisHangs,
  withCluster,
  type Cluster,
} from './cluster-limits.ts';
import { measureRedisCost } from './redis-cost.ts';

const MODEL = 'shared';
const BEHIND_PROXY = { trust_proxy_headers: true, trusted_proxy_cidrs: ['127.0.0.0/8'] };

describe('limits of several gateways with one Redis, over a longer time', () => {
  let redis: TestRedis;
  let backend: RawBackend;
  before(async () => {
    redis = await startRedis();
    backend = await startRawBackend({
      models: [MODEL],
      respond: (request) => whenComplete(request, () => request.socket.write(jsonResponse({ ok: true }))),
    });
  });
  after(async () => {
    await backend.close();
    await redis.stop();
  });

  const run =
    (count: number, limits: object, body: (cluster: Cluster) => Promise<void>) => (t: TestContext) =>
      withCluster({ count, limits, redis, backend, model: MODEL }, body)(t);
  const LIMITS = { global_requests_per_minute: 1_200, per_ip_requests_per_minute: 0, burst_size: 20 };
  const LIMIT = { ratePerMinute: 1_200, burst: 20 };

  for (const count of [1, 2]) {
    test(
      `${count} gateway(s) admit no more than rate × time + burst when they get twice the limit`,
      run(count, { ...LIMITS, on_state_loss: 'closed' }, (cluster) =>
        assertAdmitsNoMore(cluster, { ...LIMIT, durationMs: 30_000 }),
      ),
    );
    test(
      `${count} gateway(s) admit all that the limit allows when they get twice the limit`,
      run(count, LIMITS, (cluster) => assertAdmitsAllAllowed(cluster, { ...LIMIT, durationMs: 30_000 })),
    );
  }

  test(
    'no request fails and limits hold when Redis is killed for ten seconds under load',
    run(2, LIMITS, (cluster) => assertLimitsDuringOutage(cluster, { ...LIMIT, outageMs: 10_000 })),
  );

  test(
    'all requests succeed and few wait when Redis hangs for five seconds under load',
    run(2, { ...LIMITS, global_requests_per_minute: 60_000, burst_size: 1_000 }, (cluster) =>
      assertServesWhileRedisHangs(cluster, { perSecond: 40, hangMs: 5_000 }),
    ),
  );

  test(
    'a thousand requests below the default limits cost at most 2,500 script calls',
    run(2, BEHIND_PROXY, async (cluster) => {
      const { scripts } = await measureRedisCost(cluster, { requests: 1_000, perSecond: 16, clients: 200 });
      assert.ok(scripts <= 2_500, `${scripts} script calls`);
    }),
  );

  const HIGH = {
    global_requests_per_minute: 60_000,
    per_ip_requests_per_minute: 30_000,
    burst_size: 500,
    ...BEHIND_PROXY,
  };
  for (const clients of [1, 10, 200])
    test(
      `a thousand requests of ${clients} client(s) below high limits cost at most 2,500 script calls`,
      run(2, HIGH, async (cluster) => {
        const { scripts } = await measureRedisCost(cluster, { requests: 2_000, perSecond: 200, clients });
        assert.ok(scripts <= 2_500, `${scripts} script calls`);
      }),
    );
});
