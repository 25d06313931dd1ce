import { MAX_EVENTS, type ClusterEvent } from './ports/events.ts';

/** An event as it is kept and passed on. */
export interface EventRecord {
  /** The same wherever it is kept, so that nobody takes it for two. Ids of one host are in the order of its events. */
  readonly id: string;
  readonly event: ClusterEvent;
}

/** @param count of events of the host so far */
export function eventId(host: string, count: number): string {
  return `${host}:${String(count).padStart(12, '0')}`;
}

/** The last events that a host knows. */
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

/** The last events of these, each once, oldest first. */
export function recentEvents(records: readonly EventRecord[]): ClusterEvent[] {
  const byId = new Map(records.map((record) => [record.id, record]));
  // ISO times in the order of text are in the order of time.
  const sorted = [...byId.values()].sort(
    (a, b) => compareText(a.event.time, b.event.time) || compareText(a.id, b.id),
  );
  return sorted.slice(-MAX_EVENTS).map(({ event }) => event);
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
