import assert from 'node:assert/strict';
import { after, before, suite, test, type TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { jsonResponse, startRawBackend, whenComplete, type RawBackend } from '@olla/testing/raw-backend';
import { startRedis, type TestRedis } from '@olla/testing/redis';
import {
  admittedAtTwiceTheLimit,
  admittedUnderOutage,
  commandsFor,
  testGateways,
  type GatewaysTest,
} from './cluster-limits.ts';

const MODEL = 'shared';

suite('limits that gateways share', () => {
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

  const withGateways = (count: number, limits: object, body: GatewaysTest) => (t: TestContext) =>
    testGateways(t, { count, limits, redis, backend }, body);
  const LIMITS = { global_requests_per_minute: 1_200, per_ip_requests_per_minute: 0, burst_size: 20 };
  const LIMIT = { ratePerMinute: 1_200, burst: 20 };

  test(
    'one gateway admits rate × time + burst at twice the limit',
    withGateways(1, LIMITS, (gateways, t) =>
      admittedAtTwiceTheLimit(t, gateways, MODEL, { ...LIMIT, durationMs: 2_500 }),
    ),
  );

  test(
    'two gateways together admit the same; with Redis killed under load no request fails and limits act',
    withGateways(2, LIMITS, async (gateways, t) => {
      await admittedAtTwiceTheLimit(t, gateways, MODEL, { ...LIMIT, durationMs: 2_500 });
      // The bucket is full again.
      await delay((LIMIT.burst * 60_000) / LIMIT.ratePerMinute);
      await admittedUnderOutage(t, gateways, redis, MODEL, { ...LIMIT, outageMs: 4_000 });
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
    'requests of a busy client cost few commands, and few of them wait',
    withGateways(2, HIGH, async (gateways, t) => {
      const { scripts, waited } = await commandsFor(t, gateways, redis, MODEL, {
        requests: 500,
        perSecond: 200,
        addresses: 1,
      });
      assert.ok(scripts <= 800, `${scripts} script calls`);
      assert.ok(waited <= 600, `${waited} waited`);
    }),
  );
});
