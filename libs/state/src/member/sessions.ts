import { Listeners } from '../listeners.ts';
import { SessionPace } from '../pace/session-pace.ts';
import type { SessionPlacement, SessionPort } from '../ports/sessions.ts';
import type { Unsubscribe } from '../ports/unsubscribe.ts';
import type { HubLink } from './hub-link.ts';

export class MemberSessions implements SessionPort {
  readonly #link: HubLink;
  readonly #isAlone: () => boolean;
  readonly #pace: SessionPace;
  readonly #listeners = new Listeners<readonly SessionPlacement[]>();

  /** @param isAlone whether there is no other worker */
  constructor(link: HubLink, isAlone: () => boolean) {
    this.#link = link;
    this.#isAlone = isAlone;
    this.#pace = new SessionPace((placements) => link.cast('sessions.place', placements));
  }

  place(session: string, endpointKey: string): void {
    if (!this.#isAlone()) this.#pace.place(session, endpointKey);
  }

  onPlacements(listener: (placements: readonly SessionPlacement[]) => void): Unsubscribe {
    return this.#link.listen('sessions.placed', this.#listeners, listener);
  }

  receive(placements: readonly SessionPlacement[]): void {
    this.#listeners.call(placements);
  }

  close(): void {
    this.#pace.close();
  }
}
