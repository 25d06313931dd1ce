import { EjectionTable } from '../ejection-table.ts';
import type { Ejection, Readmission } from '../ports/ejections.ts';
import type { EjectionStore, StoreSink } from '../store.ts';
import { LocalProbes } from './local-probes.ts';

type Sink = Pick<StoreSink, 'ejection' | 'readmission'>;

export class MemoryEjections implements EjectionStore {
  readonly #sink: Sink;
  readonly #table = new EjectionTable();
  readonly #probes: LocalProbes;

  /** @param now monotonic milliseconds */
  constructor(sink: Sink, now: () => number) {
    this.#sink = sink;
    this.#probes = new LocalProbes(now);
  }

  eject(ejection: Ejection): boolean {
    const isOpen = this.#table.open(ejection);
    if (isOpen) this.#sink.ejection(ejection);
    return isOpen;
  }

  readmit(readmission: Readmission): boolean {
    const isOver = this.#table.close(readmission);
    if (isOver) this.#sink.readmission(readmission);
    return isOver;
  }

  ejected(): readonly Ejection[] {
    return this.#table.ejected();
  }

  readmitted(): readonly Readmission[] {
    return this.#table.readmitted();
  }

  acquireProbe(endpointKey: string, ttlMs: number): boolean {
    return this.#probes.acquire(endpointKey, ttlMs);
  }
}
