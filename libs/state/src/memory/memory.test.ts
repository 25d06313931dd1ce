import { conformance } from '../conformance.ts';
import type { ConformanceCluster } from '../conformance.ts';
import { connectState } from '../connect.ts';
import { createHub } from '../hub.ts';
import { localChannel } from '../ipc/channel.ts';
import type { SharedState } from '../port.ts';
import { testInstance } from '../test-instance.ts';

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
