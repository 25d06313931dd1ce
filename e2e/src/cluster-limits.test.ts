import assert from 'node:assert/strict';
import { after, before, describe, test, type TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { jsonResponse, startRawBackend, whenComplete, type RawBackend } from '@olla/testing/raw-backend';
import { startRedis, type TestRedis } from '@olla/testing/redis';
import { Started } from '@olla/testing/started';
import {
  assertAdmitsAllAllowed,
  assertAdmitsNoMore,
  assertLimitsDuringOutage,
  withCluster,
  type Cluster,
} from './cluster-limits.ts';
import { measureRedisCost } from './redis-cost.ts';

const MODEL = 'shared';

describe('limits of several gateways with one Redis', () => {
  let redis: TestRedis;
  let backend: RawBackend;
  const started = new Started();
  before(async () => {
    redis = started.add(await startRedis());
    backend = started.add(
      await startRawBackend({
        models: [MODEL],
        respond: (request) => whenComplete(request, () => request.socket.write(jsonResponse({ ok: true }))),
      }),
    );
  });
  after(() => started.stop());

  const run =
    (count: number, limits: object, body: (cluster: Cluster) => Promise<void>) => (t: TestContext) =>
      withCluster({ count, limits, redis, backend, model: MODEL }, body)(t);
  const LIMITS = { global_requests_per_minute: 1_200, per_ip_requests_per_minute: 0, burst_size: 20 };
  const LIMIT = { ratePerMinute: 1_200, burst: 20, durationMs: 2_500 };

  test(
    'two gateways admit no more than rate × time + burst when they get twice the limit',
    run(2, { ...LIMITS, on_state_loss: 'closed' }, (cluster) => assertAdmitsNoMore(cluster, LIMIT)),
  );

  test(
    'two gateways admit all that the limit allows, and no request fails when Redis is killed under load',
    run(2, LIMITS, async (cluster) => {
      await assertAdmitsAllAllowed(cluster, LIMIT);
      // The bucket fills again.
      await delay((LIMIT.burst * 60_000) / LIMIT.ratePerMinute);
      await assertLimitsDuringOutage(cluster, { ...LIMIT, outageMs: 4_000 });
    }),
  );

  const HIGH = {
    global_requests_per_minute: 60_000,
    per_ip_requests_per_minute: 30_000,
    burst_size: 500,
    trust_proxy_headers: true,
    trusted_proxy_cidrs: ['127.0.0.0/8'],
  };
  test(
    'the requests of a busy client cost few Redis commands, and few of them wait',
    run(2, HIGH, async (cluster) => {
      const { scripts, waited } = await measureRedisCost(cluster, {
        requests: 500,
        perSecond: 200,
        clients: 1,
      });
      assert.ok(scripts <= 800, `${scripts} script calls`);
      assert.ok(waited <= 600, `${waited} waited`);
    }),
  );
});
