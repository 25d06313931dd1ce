import { EventLog, recentEvents, type EventRecord } from '../event-log.ts';
import { MAX_EVENTS, type ClusterEvent } from '../ports/events.ts';
import type { RedisConnection } from './connection.ts';
import type { Keys } from './keys.ts';
import { ADD_EVENTS } from './scripts.ts';

/** Shorter than a member waits for its hub: it is to have what the host knows, not a deadline. */
const DEADLINE_MS = 1_000;

export interface EventsOptions {
  readonly hub: string;
  readonly connection: RedisConnection;
  readonly keys: Keys;
  /** The text that tells other hubs of an event. */
  readonly textOf: (record: EventRecord) => string;
}

/**
 * The cluster's events in Redis, and what this host knows of them. An event that could not be stored is stored later:
 * adding one that is there already changes nothing.
 */
export class Events {
  readonly #options: EventsOptions;
  readonly #log = new EventLog();
  /** Of this host, as far as the log has them. */
  readonly #own = new Set<string>();
  /** Not stored for sure. */
  #pending: EventRecord[] = [];
  #count = 0;

  constructor(options: EventsOptions) {
    this.#options = options;
  }

  publish(event: ClusterEvent): void {
    this.#count += 1;
    const record = { id: `${this.#options.hub}:${this.#count}`, event };
    this.#log.add(record);
    this.#own.add(record.id);
    this.#pending.push(record);
    if (this.#pending.length > MAX_EVENTS) this.#pending.shift();
    void this.flush();
  }

  /** @returns false if this host knew it */
  learn(record: EventRecord): boolean {
    return this.#log.add(record);
  }

  /** With Redis away: the events that this host knows. */
  async recent(): Promise<readonly ClusterEvent[]> {
    return recentEvents([...(await this.#readStored()), ...this.#log.all()]);
  }

  /** Redis may have been emptied: stores this host's events again. */
  restore(): void {
    for (const id of this.#own) if (!this.#log.has(id)) this.#own.delete(id);
    this.#pending = this.#log.all().filter(({ id }) => this.#own.has(id));
    void this.flush();
  }

  /** Stores what waits. Never rejects. */
  async flush(): Promise<void> {
    const { connection, keys, textOf } = this.#options;
    const records = this.#pending;
    if (records.length === 0 || !connection.isUp) return;
    const args = records.flatMap((record) => [
      Date.parse(record.event.time),
      JSON.stringify(record),
      textOf(record),
    ]);
    try {
      await connection.script(
        'store events',
        DEADLINE_MS,
        ADD_EVENTS,
        [keys.events],
        [MAX_EVENTS, keys.all, ...args],
      );
      const stored = new Set(records);
      this.#pending = this.#pending.filter((record) => !stored.has(record));
    } catch {
      // They wait for the next heartbeat.
    }
  }

  async #readStored(): Promise<EventRecord[]> {
    const { connection, keys } = this.#options;
    try {
      const stored = await connection.run('read events', DEADLINE_MS, (client) =>
        client.zrange(keys.events, '0', '-1'),
      );
      return stored.map((json) => JSON.parse(json) as EventRecord);
    } catch {
      // The connection tells of the outage; what this host knows is all there is.
      return [];
    }
  }
}
