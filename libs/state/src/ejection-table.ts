import type { Ejection, Readmission } from './ports/ejections.ts';

/** The last ejection or re-admission of each endpoint that one host knows. */
export class EjectionTable {
  readonly #ejected = new Map<string, Ejection>();
  readonly #readmitted = new Map<string, Readmission>();

  /** @returns false, without a change, if the endpoint is ejected already */
  open(ejection: Ejection): boolean {
    if (this.#ejected.has(ejection.endpointKey)) return false;
    this.replace(ejection);
    return true;
  }

  /** Replaces this host's record of an endpoint by the cluster's ejection. */
  replace(ejection: Ejection): void {
    this.#ejected.set(ejection.endpointKey, ejection);
    this.#readmitted.delete(ejection.endpointKey);
  }

  /** @returns false, without a change, if that ejection is not in force */
  close(readmission: Readmission): boolean {
    if (this.#ejected.get(readmission.endpointKey)?.at !== readmission.ejectedAt) return false;
    this.#ejected.delete(readmission.endpointKey);
    this.#readmitted.set(readmission.endpointKey, readmission);
    return true;
  }

  /**
   * Stores the cluster's re-admission. It replaces this host's own one, and may belong to an ejection that this host
   * never received.
   *
   * @returns false, without a change, if it is known already or another ejection is in force
   */
  replaceReadmission(readmission: Readmission): boolean {
    const { endpointKey, ejectedAt, by } = readmission;
    if (this.#ejected.has(endpointKey)) return this.close(readmission);
    const known = this.#readmitted.get(endpointKey);
    if (known?.ejectedAt === ejectedAt && known.by === by) return false;
    this.#readmitted.set(endpointKey, readmission);
    return true;
  }

  ejection(endpointKey: string): Ejection | undefined {
    return this.#ejected.get(endpointKey);
  }

  /** The ejections in force. */
  ejected(): readonly Ejection[] {
    return [...this.#ejected.values()];
  }

  /** The last of each endpoint that is not ejected. */
  readmitted(): readonly Readmission[] {
    return [...this.#readmitted.values()];
  }
}
