import type { Instance } from '@olla/core/instance';
import type { IpcChannel } from '../src/channel/ipc-channel.ts';
import { localChannel } from '../src/channel/local-channel.ts';
import { connectState } from '../src/connect-state.ts';
import { createHub, type Hub } from '../src/create-hub.ts';
import type { RedisOptions } from '../src/redis/options.ts';
import type { SharedState } from '../src/shared-state.ts';
import type { StoreLogEvent } from '../src/store-log.ts';
import { testInstance } from './test-instance.ts';

export interface TestHostOptions {
  /** Default `host-1`. */
  readonly name?: string;
  /** Default null, which keeps the state in memory. */
  readonly redis?: RedisOptions | null;
  readonly log?: (event: StoreLogEvent) => void;
}

/** The shared state of one gateway in this process: its primary's hub and its members. */
export class TestHost {
  readonly hub: Hub;
  readonly #primary: Instance;
  readonly #redis: RedisOptions | null;
  readonly #joined = new Map<SharedState, { readonly cut: () => void }>();

  constructor({ name = 'host-1', redis = null, log = () => {} }: TestHostOptions = {}) {
    this.#primary = testInstance('primary', name, name);
    this.#redis = redis;
    this.hub = createHub({ self: this.#primary, redis, log });
  }

  /**
   * Connects a process of this host to the shared state.
   *
   * @param wrap wraps the process's channel
   */
  async join(
    role: 'worker' | 'agent',
    wrap: (channel: IpcChannel) => IpcChannel = (channel) => channel,
  ): Promise<SharedState> {
    const channel = localChannel();
    const self = testInstance(role, this.#primary.id, this.#primary.host);
    this.hub.attach(channel.parent, self);
    const state = await connectState({ self, redis: this.#redis, channel: wrap(channel.child) });
    this.#joined.set(state, { cut: () => channel.close() });
    return state;
  }

  /** Ends a process without notice. */
  cut(state: SharedState): void {
    this.#joined.get(state)?.cut();
  }

  async close(): Promise<void> {
    await Promise.all([...this.#joined.keys()].map((state) => state.close()));
    await this.hub.close();
  }
}
