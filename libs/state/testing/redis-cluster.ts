import type { Instance } from '@olla/core/instance';
import { localChannel } from '../src/channel/local-channel.ts';
import { connectState } from '../src/connect-state.ts';
import { createHub, type Hub } from '../src/create-hub.ts';
import type { RedisOptions } from '../src/redis/options.ts';
import type { SharedState } from '../src/shared-state.ts';
import type { StoreLogEvent } from '../src/store-log.ts';
import type { ConformanceCluster } from './conformance/cluster.ts';
import { testInstance } from './test-instance.ts';

export interface RedisTestCluster extends ConformanceCluster {
  readonly hubs: readonly Hub[];
  readonly log: StoreLogEvent[];
}

/** One gateway's primary, and processes that join it. */
export class RedisTestHost {
  readonly hub: Hub;
  readonly #primary: Instance;
  readonly #redis: RedisOptions;
  readonly #joined: { readonly state: SharedState; readonly cut: () => void }[] = [];

  constructor(host: string, redis: RedisOptions, log: StoreLogEvent[]) {
    this.#primary = testInstance('primary', host, host);
    this.#redis = redis;
    this.hub = createHub({ self: this.#primary, redis, log: (event) => log.push(event) });
  }

  async join(role: 'worker' | 'agent'): Promise<SharedState> {
    const channel = localChannel();
    const self = testInstance(role, this.#primary.id, this.#primary.host);
    this.hub.attach(channel.parent, self);
    const state = await connectState({ self, redis: this.#redis, channel: channel.child });
    this.#joined.push({ state, cut: () => channel.close() });
    return state;
  }

  /** Ends a process without a goodbye. */
  cut(state: SharedState): void {
    this.#joined.find((joined) => joined.state === state)?.cut();
  }

  async close(): Promise<void> {
    await Promise.all(this.#joined.map(({ state }) => state.close()));
    await this.hub.close();
  }
}

/** Two gateway hosts with three workers, an agent on one of them and one on its own. */
export async function makeRedisCluster(redis: RedisOptions): Promise<RedisTestCluster> {
  const log: StoreLogEvent[] = [];
  const one = new RedisTestHost('host-1', redis, log);
  const two = new RedisTestHost('host-2', redis, log);
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
