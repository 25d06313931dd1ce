import { COMMAND_TIMEOUT_MS } from '../shared-state.ts';
import type { RedisConnection } from './connection.ts';
import {
  parseHostMessage,
  type HostMessage,
  type HostMessageKind,
  type HostMessages,
  type HostReceivers,
} from './host-messages.ts';
import type { Keys } from './keys.ts';
import type { RedisOptions } from './options.ts';
import { Subscriber } from './subscriber.ts';

export interface HostChannelOptions {
  /** Instance id of this host's hub. */
  readonly hub: string;
  readonly redis: RedisOptions;
  readonly keys: Keys;
  readonly connection: RedisConnection;
  readonly receivers: HostReceivers;
  /** Called whenever this host has subscribed to the others' messages. */
  readonly onListening: () => void;
}

/** Messages between the hubs of all hosts. Lost messages about lasting state are made up for by heartbeats. */
export class HostChannel {
  readonly #options: HostChannelOptions;
  readonly #subscriber: Subscriber;
  #hasListened = false;

  constructor(options: HostChannelOptions) {
    this.#options = options;
    const { redis, keys, hub } = options;
    this.#subscriber = new Subscriber({
      redis,
      channels: [keys.all, keys.to(hub)],
      onMessage: (text) => this.#receive(text),
      onListening: () => {
        this.#hasListened = true;
        options.onListening();
      },
    });
  }

  /** Whether this host has ever subscribed to the others' messages. */
  get hasListened(): boolean {
    return this.#hasListened;
  }

  publish<Kind extends HostMessageKind>(kind: Kind, body: HostMessages[Kind]): void {
    this.#send(this.#options.keys.all, kind, body);
  }

  publishTo<Kind extends HostMessageKind>(hub: string, kind: Kind, body: HostMessages[Kind]): void {
    this.#send(this.#options.keys.to(hub), kind, body);
  }

  /** The text of a message, for scripts that publish. */
  textOf<Kind extends HostMessageKind>(kind: Kind, body: HostMessages[Kind]): string {
    return JSON.stringify({ from: this.#options.hub, kind, body });
  }

  close(): void {
    this.#subscriber.close();
  }

  #send<Kind extends HostMessageKind>(channel: string, kind: Kind, body: HostMessages[Kind]): void {
    const { connection } = this.#options;
    if (!connection.isUp) return;
    connection
      .run(`publish ${kind}`, COMMAND_TIMEOUT_MS, (client) =>
        client.publish(channel, this.textOf(kind, body)),
      )
      .catch(() => {
        // The connection reports the outage.
      });
  }

  #receive(text: string): void {
    const message = parseHostMessage(text);
    // This hub receives its own messages too. Only a recall may concern it, because the holder may be of this host.
    if (message === null || (message.from === this.#options.hub && message.kind !== 'recall')) return;
    this.#dispatch(message);
  }

  #dispatch<Kind extends HostMessageKind>({ kind, body, from }: HostMessage<Kind>): void {
    const { receivers } = this.#options;
    if (Object.hasOwn(receivers, kind)) receivers[kind](body, from);
  }
}
