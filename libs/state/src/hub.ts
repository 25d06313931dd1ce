import type { Instance } from '@olla/core/instance';
import type { IpcChannel } from './ipc/channel.ts';
import { StateHub } from './ipc/state-hub.ts';
import { MemoryStore } from './memory/memory-store.ts';
import type { SharedState } from './port.ts';
import type { RedisOptions } from './redis/options.ts';
import { RedisStore } from './redis/redis-store.ts';

export interface HubOptions {
  readonly self: Instance;
  /** Null keeps the state in this process's memory, for one host. */
  readonly redis: RedisOptions | null;
  /** Called once at the start and once at the end of an outage of the store. */
  readonly log?: (event: HubLogEvent) => void;
}

export interface HubLogEvent {
  readonly event: 'state_lost' | 'state_back';
  readonly message: string;
}

/** The primary's side of the shared state: attach each child once it is forked. */
export interface Hub {
  /** The shared state for the primary itself; closing it closes the hub. */
  readonly state: SharedState;
  /** @param child a ChildProcess, or a cluster worker's `process`; it is let go when it disconnects or exits */
  attach(child: IpcChannel, instance: Instance): void;
  /** Children keep running and see an outage. */
  close(): Promise<void>;
}

/** Makes the hub of one gateway host. With Redis away it starts all the same, in an outage. */
export function createHub(options: HubOptions): Hub {
  const { self, redis } = options;
  const hub = new StateHub(self);
  const liveWorkers = (): number => hub.peers().workers;
  hub.start(
    redis === null
      ? new MemoryStore(hub, liveWorkers)
      : new RedisStore({ self, redis, sink: hub, liveWorkers, log: options.log ?? (() => {}) }),
  );
  return hub;
}
