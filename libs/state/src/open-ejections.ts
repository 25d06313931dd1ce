import type { Ejection, Readmission } from './ports/ejections.ts';

/** The ejections that stand, as one host knows them; one an endpoint. */
export class OpenEjections {
  readonly #byKey = new Map<string, Ejection>();

  /** @returns false if the endpoint is ejected already; nothing changes then */
  open(ejection: Ejection): boolean {
    if (this.#byKey.has(ejection.endpointKey)) return false;
    this.#byKey.set(ejection.endpointKey, ejection);
    return true;
  }

  /** Puts the cluster's ejection of an endpoint in the place of what this host knew. */
  replace(ejection: Ejection): void {
    this.#byKey.set(ejection.endpointKey, ejection);
  }

  /** @returns false if that ejection does not stand; nothing changes then */
  close({ endpointKey, ejectedAt }: Readmission): boolean {
    if (this.#byKey.get(endpointKey)?.at !== ejectedAt) return false;
    return this.#byKey.delete(endpointKey);
  }

  get(endpointKey: string): Ejection | undefined {
    return this.#byKey.get(endpointKey);
  }

  all(): Ejection[] {
    return [...this.#byKey.values()];
  }
}
