import type { Instance } from '@olla/core/instance';
import type { IpcChannel } from './channel/ipc-channel.ts';
import { MemberState } from './member/member-state.ts';
import type { RedisOptions } from './redis/options.ts';
import type { SharedState } from './shared-state.ts';
import { StateError } from './state-error.ts';
import type { StoreLogEvent } from './store-log.ts';

export interface ConnectOptions {
  readonly self: Instance;
  readonly redis: RedisOptions | null;
  /** `process` in a forked child; null for an agent without a gateway, which needs Redis. */
  readonly channel: IpcChannel | null;
  /** For an agent without a gateway; other processes receive these options from their hub. */
  readonly log?: (event: StoreLogEvent) => void;
}

/**
 * Connects a worker or an agent to the shared state. It waits at most half a second for Redis. If Redis is unreachable,
 * the process starts all the same, and its health reports the outage.
 *
 * @throws StateError STATE_UNAVAILABLE if there is neither a channel to a primary nor Redis
 */
export async function connectState(options: ConnectOptions): Promise<SharedState> {
  const { self, redis, channel } = options;
  if (channel !== null) {
    if (channel.send === undefined) {
      throw new StateError('STATE_UNAVAILABLE', 'this process was not forked by a gateway');
    }
    return connectChannel(self, redis, channel);
  }
  if (redis === null) {
    throw new StateError(
      'STATE_UNAVAILABLE',
      'without a gateway on this host the shared state needs redis.url',
    );
  }
  const { createHub } = await import('./create-hub.ts');
  return createHub({ self, redis, ...(options.log === undefined ? {} : { log: options.log }) }).state;
}

async function connectChannel(
  self: Instance,
  redis: RedisOptions | null,
  channel: IpcChannel,
): Promise<SharedState> {
  if (redis === null) return new MemberState({ self, kind: 'memory', channel, leases: null });
  // Only workers take leases often enough to need their own connection; other processes go through the primary.
  if (self.role !== 'worker') return new MemberState({ self, kind: 'redis', channel, leases: null });
  // Loaded on demand, because a worker without Redis starts faster without it.
  const { openDirectLeases } = await import('./redis/redis-leases.ts');
  let state: SharedState | null = null;
  const leases = await openDirectLeases(redis, self.id, () => state?.directory.peers().workers ?? 1);
  state = new MemberState({ self, kind: 'redis', channel, leases });
  return state;
}
