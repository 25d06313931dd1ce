import { Listeners } from '../listeners.ts';
import type { Ejection, EjectionPort, Readmission } from '../ports/ejections.ts';
import type { Unsubscribe } from '../ports/unsubscribe.ts';
import type { HubLink } from './hub-link.ts';

export class MemberEjections implements EjectionPort {
  readonly #link: HubLink;
  readonly #ejections = new Listeners<Ejection>();
  readonly #readmissions = new Listeners<Readmission>();

  constructor(link: HubLink) {
    this.#link = link;
  }

  eject(ejection: Ejection): Promise<boolean> {
    return this.#link.request('ejections.eject', ejection);
  }

  readmit(readmission: Readmission): Promise<boolean> {
    return this.#link.request('ejections.readmit', readmission);
  }

  onEjection(listener: (ejection: Ejection) => void): Unsubscribe {
    return this.#link.listen('ejections.ejected', this.#ejections, listener);
  }

  onReadmission(listener: (readmission: Readmission) => void): Unsubscribe {
    return this.#link.listen('ejections.readmitted', this.#readmissions, listener);
  }

  acquireProbe(endpointKey: string, ttlMs: number): Promise<boolean> {
    return this.#link.request('ejections.acquireProbe', { endpointKey, ttlMs });
  }

  receiveEjection(ejection: Ejection): void {
    this.#ejections.call(ejection);
  }

  receiveReadmission(readmission: Readmission): void {
    this.#readmissions.call(readmission);
  }
}
