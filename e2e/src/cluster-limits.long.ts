import assert from 'node:assert/strict';
import { after, before, suite, test, type TestContext } from 'node:test';
import { jsonResponse, startRawBackend, whenComplete, type RawBackend } from '@olla/testing/raw-backend';
import { startRedis, type TestRedis } from '@olla/testing/redis';
import {
  admittedAtTwiceTheLimit,
  admittedUnderOutage,
  answeredWhileRedisHangs,
  commandsFor,
  testGateways,
  type GatewaysTest,
} from './cluster-limits.ts';

const MODEL = 'shared';
const FROM_A_PROXY = { trust_proxy_headers: true, trusted_proxy_cidrs: ['127.0.0.0/8'] };

suite('limits that gateways share, for longer', () => {
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

  for (const count of [1, 2])
    test(
      `${count} gateway(s) admit rate × time + burst at twice the limit`,
      withGateways(count, LIMITS, (gateways, t) =>
        admittedAtTwiceTheLimit(t, gateways, MODEL, { ...LIMIT, durationMs: 30_000 }),
      ),
    );

  test(
    'Redis killed for ten seconds under load',
    withGateways(2, LIMITS, (gateways, t) =>
      admittedUnderOutage(t, gateways, redis, MODEL, { ...LIMIT, outageMs: 10_000 }),
    ),
  );

  test(
    'Redis that hangs for five seconds under load',
    withGateways(2, { ...LIMITS, global_requests_per_minute: 60_000, burst_size: 1_000 }, (gateways, t) =>
      answeredWhileRedisHangs(t, gateways, redis, MODEL, { perSecond: 40, hangMs: 5_000 }),
    ),
  );

  test(
    'what a thousand requests cost with the limits as they come, below them',
    withGateways(2, { ...FROM_A_PROXY }, async (gateways, t) => {
      const { scripts } = await commandsFor(t, gateways, redis, MODEL, {
        requests: 1_000,
        perSecond: 16,
        addresses: 200,
      });
      assert.ok(scripts <= 2_500, `${scripts} script calls`);
    }),
  );

  const HIGH = {
    global_requests_per_minute: 60_000,
    per_ip_requests_per_minute: 30_000,
    burst_size: 500,
    ...FROM_A_PROXY,
  };
  for (const addresses of [1, 10, 200])
    test(
      `what a thousand requests of ${addresses} address(es) cost with high limits`,
      withGateways(2, HIGH, async (gateways, t) => {
        const { scripts } = await commandsFor(t, gateways, redis, MODEL, {
          requests: 2_000,
          perSecond: 200,
          addresses,
        });
        assert.ok(scripts <= 2_500, `${scripts} script calls`);
      }),
    );
});
