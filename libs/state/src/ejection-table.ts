import type { Ejection, Readmission } from './ports/ejections.ts';

/** What became of each endpoint the last time, as one host knows it: it was ejected, or re-admitted. */
export class EjectionTable {
  readonly #ejected = new Map<string, Ejection>();
  readonly #readmitted = new Map<string, Readmission>();

  /** @returns false if the endpoint is ejected already; nothing changes then */
  open(ejection: Ejection): boolean {
    if (this.#ejected.has(ejection.endpointKey)) return false;
    this.replace(ejection);
    return true;
  }

  /** Puts the cluster's ejection of an endpoint in the place of what this host knew. */
  replace(ejection: Ejection): void {
    this.#ejected.set(ejection.endpointKey, ejection);
    this.#readmitted.delete(ejection.endpointKey);
  }

  /** @returns false if that ejection does not stand; nothing changes then */
  close(readmission: Readmission): boolean {
    if (this.#ejected.get(readmission.endpointKey)?.at !== readmission.ejectedAt) return false;
    this.#ejected.delete(readmission.endpointKey);
    this.#readmitted.set(readmission.endpointKey, readmission);
    return true;
  }

  /**
   * Takes over the cluster's re-admission, also in the place of this host's own, and of an ejection that this host has
   * never heard of.
   *
   * @returns false if it is known, or another ejection stands; nothing changes then
   */
  learn(readmission: Readmission): boolean {
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

  /** Those that stand. */
  ejected(): readonly Ejection[] {
    return [...this.#ejected.values()];
  }

  /** The last of each endpoint that is not ejected. */
  readmitted(): readonly Readmission[] {
    return [...this.#readmitted.values()];
  }
}
