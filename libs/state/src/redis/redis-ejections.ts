import { LocalProbes } from '../memory/local-probes.ts';
import type { Ejection, Readmission } from '../ports/ejections.ts';
import type { EjectionStore } from '../store.ts';
import { isUnavailable } from './connection.ts';
import type { EjectionRecord } from './ejection-record.ts';
import type { Probes } from './probes.ts';

/** The ejections and probe permits of a cluster; while Redis is unreachable, of this host. */
export class RedisEjections implements EjectionStore {
  readonly #record: EjectionRecord;
  readonly #probes: Probes;
  readonly #localProbes = new LocalProbes(() => performance.now());

  constructor(record: EjectionRecord, probes: Probes) {
    this.#record = record;
    this.#probes = probes;
  }

  eject(ejection: Ejection): Promise<boolean> {
    return this.#record.eject(ejection);
  }

  readmit(readmission: Readmission): Promise<boolean> {
    return this.#record.readmit(readmission);
  }

  ejected(): readonly Ejection[] {
    return this.#record.ejected();
  }

  readmitted(): readonly Readmission[] {
    return this.#record.readmitted();
  }

  async acquireProbe(endpointKey: string, ttlMs: number): Promise<boolean> {
    try {
      return await this.#probes.acquire(endpointKey, ttlMs);
    } catch (error) {
      if (!isUnavailable(error)) throw error;
      return this.#localProbes.acquire(endpointKey, ttlMs);
    }
  }
}
