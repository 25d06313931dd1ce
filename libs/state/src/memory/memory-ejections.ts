import { OpenEjections } from '../open-ejections.ts';
import type { Ejection, Readmission } from '../ports/ejections.ts';
import type { EjectionStore, StoreSink } from '../store.ts';
import { LocalProbes } from './local-probes.ts';

type Sink = Pick<StoreSink, 'ejection' | 'readmission'>;

export class MemoryEjections implements EjectionStore {
  readonly #sink: Sink;
  readonly #open = new OpenEjections();
  readonly #probes: LocalProbes;

  /** @param now milliseconds that never run backwards */
  constructor(sink: Sink, now: () => number) {
    this.#sink = sink;
    this.#probes = new LocalProbes(now);
  }

  eject(ejection: Ejection): boolean {
    const stands = this.#open.open(ejection);
    if (stands) this.#sink.ejection(ejection);
    return stands;
  }

  readmit(readmission: Readmission): boolean {
    const isOver = this.#open.close(readmission);
    if (isOver) this.#sink.readmission(readmission);
    return isOver;
  }

  all(): readonly Ejection[] {
    return this.#open.all();
  }

  acquireProbe(endpointKey: string, ttlMs: number): boolean {
    return this.#probes.acquire(endpointKey, ttlMs);
  }
}
