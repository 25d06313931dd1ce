import type { Instance } from '@olla/core/instance';
import type { IpcChannel } from './channel/ipc-channel.ts';
import { HostState } from './hub/host-state.ts';
import { StateHub } from './hub/state-hub.ts';
import { MemoryStore } from './memory/memory-store.ts';
import type { RedisOptions } from './redis/options.ts';
import { RedisStore } from './redis/redis-store.ts';
import type { SharedState } from './shared-state.ts';
import type { StoreLogEvent } from './store-log.ts';

export interface HubOptions {
  readonly self: Instance;
  /** Null keeps the state in this process's memory, for one host. */
  readonly redis: RedisOptions | null;
  /** Called at the start and at the end of an outage of the store, and when a gateway is lost. */
  readonly log?: (event: StoreLogEvent) => void;
}

/** The primary's side of the shared state: attach each child once it is forked. */
export interface Hub {
  /** The shared state for the primary itself; closing it closes the hub. */
  readonly state: SharedState;
  /** @param child a ChildProcess, or a cluster worker's `process`; it is detached when it disconnects or exits */
  attach(child: IpcChannel, instance: Instance): void;
  /** Children keep running, and their health reports an outage. */
  close(): Promise<void>;
}

/** Makes the hub of one gateway. If Redis is unreachable, the hub starts all the same and reports an outage. */
export function createHub({ self, redis, log = () => {} }: HubOptions): Hub {
  const host = new HostState();
  const liveWorkers = (): number => host.peers().workers;
  const store =
    redis === null
      ? new MemoryStore({ self, sink: host, liveWorkers })
      : new RedisStore({ self, redis, sink: host, liveWorkers, log });
  return new StateHub({ self, host, store });
}
