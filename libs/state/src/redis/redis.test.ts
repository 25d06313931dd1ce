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

// A server that others use as well: a name of its own each time, and nothing is flushed.
const external = process.env['REDIS_URL'];
if (external !== undefined && external !== '') {
  conformance('Redis at REDIS_URL, two hosts', () =>
    makeRedisCluster({ url: external, name: `test-${randomUUID()}` }),
  );
}
