import type { Instance } from '@olla/core/instance';
import type { ConformanceCluster } from '../conformance.ts';
import { connectState } from '../connect.ts';
import { createHub } from '../hub.ts';
import type { Hub, HubLogEvent } from '../hub.ts';
import { localChannel } from '../ipc/channel.ts';
import type { SharedState } from '../port.ts';
import { testInstance } from '../test-instance.ts';
import type { RedisOptions } from './options.ts';

export interface RedisTestCluster extends ConformanceCluster {
  readonly hubs: readonly Hub[];
  readonly log: HubLogEvent[];
}

/** One gateway's primary, and processes that join it. */
export class RedisTestHost {
  readonly hub: Hub;
  readonly #primary: Instance;
  readonly #redis: RedisOptions;
  readonly #joined: { readonly state: SharedState; readonly cut: () => void }[] = [];

  constructor(host: string, redis: RedisOptions, log: HubLogEvent[]) {
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
  const log: HubLogEvent[] = [];
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
