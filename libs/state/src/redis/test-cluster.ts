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

/** Two gateway hosts with three workers, an agent on one of them and one on its own. */
export async function makeRedisCluster(redis: RedisOptions): Promise<RedisTestCluster> {
  const log: HubLogEvent[] = [];
  const cut = new Map<SharedState, () => void>();
  const makeHost = (host: string): { hub: Hub; join(role: 'worker' | 'agent'): Promise<SharedState> } => {
    const primary = testInstance('primary', host, host);
    const hub = createHub({ self: primary, redis, log: (event) => log.push(event) });
    return {
      hub,
      async join(role) {
        const channel = localChannel();
        const self = testInstance(role, primary.id, host);
        hub.attach(channel.parent, self);
        const state = await connectState({ self, redis, channel: channel.child });
        cut.set(state, () => channel.close());
        return state;
      },
    };
  };
  const [one, two] = [makeHost('host-1'), makeHost('host-2')];
  const lone = await connectState({ self: testInstance('agent', 'lone', 'host-3'), redis, channel: null });
  const cluster: RedisTestCluster = {
    hubs: [one.hub, two.hub],
    log,
    workers: [await one.join('worker'), await two.join('worker'), await two.join('worker')],
    agents: [await one.join('agent'), lone],
    crash(worker) {
      cut.get(worker)?.();
      return Promise.resolve();
    },
    async close() {
      await Promise.all([...cut.keys(), lone].map((state) => state.close()));
      await Promise.all([one.hub.close(), two.hub.close()]);
    },
  };
  return cluster;
}
