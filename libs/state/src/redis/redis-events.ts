import { EventLog, eventId, recentEvents, type EventRecord } from '../event-log.ts';
import { MAX_EVENTS, type ClusterEvent } from '../ports/events.ts';
import type { EventStore, StoreSink } from '../store.ts';
import type { RedisConnection } from './connection.ts';
import type { Keys } from './keys.ts';
import { ADD_EVENTS } from './scripts.ts';

/** Shorter than a member waits for its hub: it is to have what the host knows, not a deadline. */
const DEADLINE_MS = 1_000;
/** Events of one message. */
const MAX_BATCH = 100;

export interface RedisEventsOptions {
  readonly hub: string;
  readonly connection: RedisConnection;
  readonly keys: Keys;
  /** The text that tells other hubs of an event. */
  readonly textOf: (record: EventRecord) => string;
  readonly sink: Pick<StoreSink, 'event'>;
}

/**
 * The cluster's events in Redis, and what this host knows of them. An event that could not be stored is stored later:
 * adding one that is there already changes nothing.
 */
export class RedisEvents implements EventStore {
  readonly #options: RedisEventsOptions;
  readonly #log = new EventLog();
  /** Of this host, and not stored for sure. */
  #pending: EventRecord[] = [];
  #count = 0;
  #isStoring = false;
  /** Whether events may have been told while this host did not listen. */
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

  /** Another host tells of an event. */
  learn(record: EventRecord): void {
    if (this.#log.add(record)) this.#options.sink.event(record.event);
  }

  /** With Redis away: the events that this host knows. */
  async recent(): Promise<readonly ClusterEvent[]> {
    try {
      return recentEvents([...(await this.#readStored()), ...this.#log.all()]);
    } catch {
      // The connection tells of the outage; what this host knows is all there is.
      return recentEvents(this.#log.all());
    }
  }

  /** Redis may have been emptied: stores this host's events again. */
  restore(): void {
    this.#pending = this.#log.all().filter(({ id }) => id.startsWith(`${this.#options.hub}:`));
    void this.storePending();
  }

  /** This host has begun to hear the others, for the first time or again. */
  async catchUp(): Promise<void> {
    const isFirst = !this.#hasListened;
    this.#hasListened = true;
    this.#isBehind = true;
    await this.#catchUp(isFirst);
  }

  /** After each heartbeat: makes up for what failed. */
  async makeUp(): Promise<void> {
    if (this.#isBehind) await this.#catchUp(false);
    await this.storePending();
  }

  /** @param isSilent what happened before this host was there is no news */
  async #catchUp(isSilent: boolean): Promise<void> {
    try {
      const stored = await this.#readStored();
      this.#isBehind = false;
      for (const record of stored) {
        if (isSilent) this.#log.add(record);
        else this.learn(record);
      }
    } catch {
      // Away again: the next heartbeat tries again.
    }
  }

  /** Stores what waits, one message at a time. Never rejects. */
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
      // What is left waits for the next heartbeat.
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
