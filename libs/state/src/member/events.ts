import { Listeners } from '../listeners.ts';
import type { ClusterEvent, EventPort, NewEvent } from '../ports/events.ts';
import type { Unsubscribe } from '../ports/unsubscribe.ts';
import type { HubLink } from './hub-link.ts';

export class MemberEvents implements EventPort {
  readonly #link: HubLink;
  readonly #listeners = new Listeners<ClusterEvent>();

  constructor(link: HubLink) {
    this.#link = link;
  }

  publish(event: NewEvent): void {
    this.#link.cast('events.publish', { time: new Date().toISOString(), ...event });
  }

  recent(): Promise<readonly ClusterEvent[]> {
    return this.#link.request('events.recent', null);
  }

  onEvent(listener: (event: ClusterEvent) => void): Unsubscribe {
    return this.#link.listen('events.event', this.#listeners, listener);
  }

  receive(event: ClusterEvent): void {
    this.#listeners.call(event);
  }
}
