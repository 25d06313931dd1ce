import type { ConformanceCluster } from '../../testing/conformance/cluster.ts';
import { conformance } from '../../testing/conformance/conformance.ts';
import { testInstance } from '../../testing/test-instance.ts';
import { localChannel } from '../channel/local-channel.ts';
import { connectState } from '../connect-state.ts';
import { createHub } from '../create-hub.ts';
import type { SharedState } from '../shared-state.ts';

async function makeCluster(): Promise<ConformanceCluster> {
  const hub = createHub({ self: testInstance('primary', 'g1'), redis: null });
  const cut = new Map<SharedState, () => void>();
  const join = async (role: 'worker' | 'agent'): Promise<SharedState> => {
    const channel = localChannel();
    const self = testInstance(role, 'g1');
    hub.attach(channel.parent, self);
    const state = await connectState({ self, redis: null, channel: channel.child });
    cut.set(state, () => channel.close());
    return state;
  };
  return {
    workers: [await join('worker'), await join('worker'), await join('worker')],
    agents: [await join('agent'), await join('agent')],
    crash(worker) {
      cut.get(worker)?.();
      return Promise.resolve();
    },
    async close() {
      await Promise.all([...cut.keys()].map((state) => state.close()));
      await hub.close();
    },
  };
}

conformance('memory, in one process', makeCluster);
