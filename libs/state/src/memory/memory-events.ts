import { EventLog, eventId, recentEvents } from '../event-log.ts';
import type { ClusterEvent } from '../ports/events.ts';
import type { EventStore, StoreSink } from '../store.ts';

export class MemoryEvents implements EventStore {
  readonly #sink: Pick<StoreSink, 'event'>;
  readonly #log = new EventLog();
  #count = 0;

  constructor(sink: Pick<StoreSink, 'event'>) {
    this.#sink = sink;
  }

  publish(event: ClusterEvent): void {
    this.#count += 1;
    this.#log.add({ id: eventId('host', this.#count), event });
    this.#sink.event(event);
  }

  recent(): readonly ClusterEvent[] {
    return recentEvents(this.#log.all());
  }
}
