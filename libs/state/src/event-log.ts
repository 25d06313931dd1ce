import { MAX_EVENTS, type ClusterEvent } from './ports/events.ts';

/** An event as it is kept and passed on. */
export interface EventRecord {
  /** The same wherever it is kept, so that nobody takes it for two. */
  readonly id: string;
  readonly event: ClusterEvent;
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

  has(id: string): boolean {
    return this.#records.has(id);
  }

  all(): EventRecord[] {
    return [...this.#records.values()];
  }
}

/** The last events of these, each once, oldest first. */
export function recentEvents(records: readonly EventRecord[]): ClusterEvent[] {
  const events = new Map(records.map(({ id, event }) => [id, event]));
  return [...events.values()].sort((a, b) => compareText(a.time, b.time)).slice(-MAX_EVENTS);
}

/** ISO times in text order are in the order of time. */
function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
