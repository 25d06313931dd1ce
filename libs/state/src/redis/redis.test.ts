import { randomUUID } from 'node:crypto';
import { after, before } from 'node:test';
import { startRedis, type TestRedis } from '@olla/testing/redis';
import { conformance } from '../../testing/conformance/conformance.ts';
import { makeRedisCluster } from '../../testing/redis-cluster.ts';

let redis: TestRedis;
before(async () => {
  redis = await startRedis();
});
after(() => redis.stop());

conformance('Redis, two hosts', () => makeRedisCluster({ url: redis.url, name: randomUUID() }));

// Other programs may use this server, so each run has its own cluster name and flushes nothing.
const external = process.env['REDIS_URL'];
if (external !== undefined && external !== '') {
  conformance('Redis at REDIS_URL, two hosts', () =>
    makeRedisCluster({ url: external, name: `test-${randomUUID()}` }),
  );
}
