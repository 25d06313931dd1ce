import { MAX_EVENTS, type ClusterEvent } from '../ports/events.ts';

/** The last events that a host knows, oldest first. */
export class EventLog {
  #events: ClusterEvent[] = [];

  add(event: ClusterEvent): void {
    this.#events.push(event);
    // In steps, so that an event costs no copy.
    if (this.#events.length >= 2 * MAX_EVENTS) this.#events = this.#events.slice(-MAX_EVENTS);
  }

  all(): readonly ClusterEvent[] {
    return this.#events.slice(-MAX_EVENTS);
  }
}
