import { connectState } from '../src/connect-state.ts';
import type { Hub } from '../src/create-hub.ts';
import type { RedisOptions } from '../src/redis/options.ts';
import type { StoreLogEvent } from '../src/store-log.ts';
import type { ConformanceCluster } from './conformance/cluster.ts';
import { TestHost } from './test-host.ts';
import { testInstance } from './test-instance.ts';

export interface RedisTestCluster extends ConformanceCluster {
  readonly hubs: readonly Hub[];
  readonly log: StoreLogEvent[];
}

/** Two gateway hosts with three workers and one agent, and one agent without a gateway. */
export async function makeRedisCluster(redis: RedisOptions): Promise<RedisTestCluster> {
  const log: StoreLogEvent[] = [];
  const one = new TestHost({ name: 'host-1', redis, log: (event) => log.push(event) });
  const two = new TestHost({ name: 'host-2', redis, log: (event) => log.push(event) });
  const lone = await connectState({ self: testInstance('agent', 'lone', 'host-3'), redis, channel: null });
  return {
    hubs: [one.hub, two.hub],
    log,
    workers: [await one.join('worker'), await two.join('worker'), await two.join('worker')],
    agents: [await one.join('agent'), lone],
    crash(worker) {
      one.cut(worker);
      two.cut(worker);
      return Promise.resolve();
    },
    async close() {
      await lone.close();
      await Promise.all([one.close(), two.close()]);
    },
  };
}
