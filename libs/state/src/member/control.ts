import { Listeners } from '../listeners.ts';
import type { Control, ControlChange, ControlPort } from '../ports/control.ts';
import type { Unsubscribe } from '../ports/unsubscribe.ts';
import type { HubLink } from './hub-link.ts';

export class MemberControl implements ControlPort {
  readonly #link: HubLink;
  readonly #listeners = new Listeners<Control>();
  #revision = 0;

  constructor(link: HubLink) {
    this.#link = link;
  }

  /** Revision of the newest control that was pushed. */
  get revision(): number {
    return this.#revision;
  }

  read(): Promise<Control> {
    return this.#link.request('control.read', null);
  }

  change(change: ControlChange): Promise<Control> {
    return this.#link.request('control.change', change);
  }

  onControl(listener: (control: Control) => void): Unsubscribe {
    return this.#link.listen('control.newest', this.#listeners, listener);
  }

  receive(control: Control): void {
    if (control.revision <= this.#revision) return;
    this.#revision = control.revision;
    this.#listeners.call(control);
  }
}
