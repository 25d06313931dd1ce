import { EventLog, eventId, recentEvents, type EventRecord } from '../event-log.ts';
import { MAX_EVENTS, type ClusterEvent } from '../ports/events.ts';
import type { EventStore, StoreSink } from '../store.ts';
import type { RedisConnection } from './connection.ts';
import type { Keys } from './keys.ts';
import { ADD_EVENTS } from './scripts.ts';

/** Shorter than a member's deadline for its hub, so that the member receives this host's events in time. */
const DEADLINE_MS = 1_000;
/** Most events of one message. */
const MAX_BATCH = 100;

export interface RedisEventsOptions {
  readonly hub: string;
  readonly connection: RedisConnection;
  readonly keys: Keys;
  /** The text of the message that passes an event to other hubs. */
  readonly textOf: (record: EventRecord) => string;
  readonly sink: Pick<StoreSink, 'event'>;
}

/**
 * The cluster's events in Redis and on this host. An event that could not be stored is stored later; storing an event
 * twice has no effect.
 */
export class RedisEvents implements EventStore {
  readonly #options: RedisEventsOptions;
  readonly #log = new EventLog();
  /** Events of this host that may not be stored yet. */
  #pending: EventRecord[] = [];
  #count = 0;
  #isStoring = false;
  /** Whether this host may have missed events while it was not subscribed. */
  #isBehind = false;
  #hasListened = false;

  constructor(options: RedisEventsOptions) {
    this.#options = options;
  }

  publish(event: ClusterEvent): void {
    this.#count += 1;
    const record = { id: eventId(this.#options.hub, this.#count), event };
    this.#log.add(record);
    this.#pending.push(record);
    if (this.#pending.length > MAX_EVENTS) this.#pending.shift();
    this.#options.sink.event(event);
    void this.storePending();
  }

  /** Receives an event of another host. */
  receive(record: EventRecord): void {
    if (this.#log.add(record)) this.#options.sink.event(record.event);
  }

  /** The last events; while Redis is unreachable, those that this host has. */
  async recent(): Promise<readonly ClusterEvent[]> {
    try {
      return recentEvents([...(await this.#readStored()), ...this.#log.all()]);
    } catch {
      // The connection reports the outage. This host's own list is the best available.
      return recentEvents(this.#log.all());
    }
  }

  /** Stores this host's events again, because Redis may have been emptied. */
  restore(): void {
    this.#pending = this.#log.all().filter(({ id }) => id.startsWith(`${this.#options.hub}:`));
    void this.storePending();
  }

  /** Reads missed events, after this host has subscribed for the first time or again. */
  async catchUp(): Promise<void> {
    const isFirst = !this.#hasListened;
    this.#hasListened = true;
    this.#isBehind = true;
    await this.#catchUp(isFirst);
  }

  /** Tries failed reads and writes again, after each heartbeat. */
  async retry(): Promise<void> {
    if (this.#isBehind) await this.#catchUp(false);
    await this.storePending();
  }

  /** @param isFirst events from before this host's start are not passed on to its members */
  async #catchUp(isFirst: boolean): Promise<void> {
    try {
      const stored = await this.#readStored();
      this.#isBehind = false;
      for (const record of stored) {
        if (isFirst) this.#log.add(record);
        else this.receive(record);
      }
    } catch {
      // Redis is unreachable again. The next heartbeat tries again.
    }
  }

  /** Stores pending events, one message at a time. Never rejects. */
  async storePending(deadlineMs = DEADLINE_MS): Promise<void> {
    if (this.#isStoring) return;
    this.#isStoring = true;
    try {
      while (this.#pending.length > 0 && this.#options.connection.isUp) {
        const batch = this.#pending.slice(0, MAX_BATCH);
        await this.#store(batch, deadlineMs);
        const stored = new Set(batch);
        this.#pending = this.#pending.filter((record) => !stored.has(record));
      }
    } catch {
      // The rest is stored after the next heartbeat.
    } finally {
      this.#isStoring = false;
    }
  }

  async #store(records: readonly EventRecord[], deadlineMs: number): Promise<void> {
    const { connection, keys, textOf } = this.#options;
    const args = records.flatMap((record) => [
      Date.parse(record.event.time),
      JSON.stringify(record),
      textOf(record),
    ]);
    await connection.runScript(ADD_EVENTS, {
      deadlineMs,
      keys: [keys.events],
      args: [MAX_EVENTS, keys.all, ...args],
    });
  }

  async #readStored(): Promise<EventRecord[]> {
    const { connection, keys } = this.#options;
    const stored = await connection.run('read events', DEADLINE_MS, (client) =>
      client.zrange(keys.events, '0', '-1'),
    );
    return stored.map((json): EventRecord => JSON.parse(json));
  }
}
