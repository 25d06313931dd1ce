import { MAX_EVENTS, type ClusterEvent } from './ports/events.ts';

/** An event as it is kept and passed on. */
export interface EventRecord {
  /** One event has the same id in every process. Ids of one host are in the order of its events. */
  readonly id: string;
  readonly event: ClusterEvent;
}

/** @param count number of events that this host has published so far */
export function eventId(host: string, count: number): string {
  return `${host}:${String(count).padStart(12, '0')}`;
}

/** The last events that a host has received. */
export class EventLog {
  /** In the order of arrival. */
  readonly #records = new Map<string, EventRecord>();

  /** @returns false if it was known */
  add(record: EventRecord): boolean {
    if (this.#records.has(record.id)) return false;
    this.#records.set(record.id, record);
    if (this.#records.size <= MAX_EVENTS) return true;
    for (const id of this.#records.keys()) {
      this.#records.delete(id);
      break;
    }
    return true;
  }

  all(): EventRecord[] {
    return [...this.#records.values()];
  }
}

/** The last of these events, without duplicates, oldest first. */
export function recentEvents(records: readonly EventRecord[]): ClusterEvent[] {
  const byId = new Map(records.map((record) => [record.id, record]));
  // Text order of ISO times is time order.
  const sorted = [...byId.values()].sort(
    (a, b) => compareText(a.event.time, b.event.time) || compareText(a.id, b.id),
  );
  return sorted.slice(-MAX_EVENTS).map(({ event }) => event);
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
