import type { Redis } from 'ioredis';
import { openClient } from './connection.ts';
import type { RedisOptions } from './options.ts';

const CHECK_MS = 1_000;
/** Pings without a reply after which the connection is replaced. */
const MAX_UNANSWERED = 3;

export interface SubscriberOptions {
  readonly redis: RedisOptions;
  readonly channels: readonly string[];
  /** Called with the text of each message on any of the channels. */
  readonly onMessage: (text: string) => void;
  /** Called whenever the channels are subscribed. */
  readonly onListening: () => void;
}

/** The connection for subscriptions. It reconnects by itself; messages published meanwhile are lost. */
export class Subscriber {
  readonly #client: Redis;
  readonly #checkTimer: NodeJS.Timeout;
  #unanswered = 0;

  constructor({ redis, channels, onMessage, onListening }: SubscriberOptions) {
    this.#client = openClient(redis);
    this.#client.on('error', () => {
      // The command connection has the same failure and reports it.
    });
    this.#client.on('ready', () => {
      this.#client.subscribe(...channels).then(onListening, () => {
        // The connection broke again; the next 'ready' subscribes.
      });
    });
    this.#client.on('message', (_channel: string, text: string) => onMessage(text));
    this.#checkTimer = setInterval(() => this.#check(), CHECK_MS);
    this.#checkTimer.unref();
  }

  close(): void {
    clearInterval(this.#checkTimer);
    this.#client.disconnect();
  }

  /** Pings, because a connection that only receives does not notice that the other end is gone. */
  #check(): void {
    if (this.#client.status !== 'ready') {
      this.#unanswered = 0;
      return;
    }
    this.#unanswered += 1;
    if (this.#unanswered > MAX_UNANSWERED) {
      this.#unanswered = 0;
      this.#client.disconnect(true);
      return;
    }
    this.#client.ping().then(
      () => (this.#unanswered = 0),
      () => {
        // The connection has closed, and reconnects by itself.
      },
    );
  }
}
