import { Listeners } from '../listeners.ts';
import { LoadPace, type LoadPaceOptions } from '../pace/load-pace.ts';
import type { LoadPort } from '../ports/load.ts';
import type { Unsubscribe } from '../ports/unsubscribe.ts';
import type { LoadChanges } from '../protocol/operations.ts';
import type { HubLink } from './hub-link.ts';

export class MemberLoad implements LoadPort {
  readonly #link: HubLink;
  readonly #pace: LoadPace;
  readonly #listeners = new Listeners<ReadonlyMap<string, number>>();
  readonly #others = new Map<string, number>();

  constructor(link: HubLink, isAlone: LoadPaceOptions['isAlone']) {
    this.#link = link;
    this.#pace = new LoadPace({ isAlone, send: (changes) => link.cast('load.changes', changes) });
  }

  setInFlight(endpointKey: string, count: number): void {
    this.#pace.set(endpointKey, count);
  }

  onOthers(listener: (others: ReadonlyMap<string, number>) => void): Unsubscribe {
    return this.#link.listen('load.others', this.#listeners, listener);
  }

  receiveOthers(changes: LoadChanges): void {
    for (const [key, count] of Object.entries(changes)) {
      if (count === 0) this.#others.delete(key);
      else this.#others.set(key, count);
    }
    this.#listeners.call(new Map(this.#others));
  }

  /** The hub reads again: sends the changes that it has missed. */
  resume(): void {
    this.#pace.resume();
  }

  close(): void {
    this.#pace.close();
  }
}
