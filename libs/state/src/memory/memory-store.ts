import type { Instance } from '@olla/core/instance';
import { gatewayStarted } from '../cluster-events.ts';
import type { StateHealth } from '../ports/health.ts';
import type { ControlStore, OtherHosts, Store, StoreSink } from '../store.ts';
import { MemoryControl } from './memory-control.ts';
import { MemoryEjections } from './memory-ejections.ts';
import { MemoryElection } from './memory-election.ts';
import { MemoryEvents } from './memory-events.ts';
import { MemoryLeases } from './memory-leases.ts';
import { MemorySnapshots } from './memory-snapshots.ts';

export interface MemoryStoreOptions {
  readonly self: Instance;
  readonly sink: StoreSink;
  readonly liveWorkers: () => number;
}

/** A cluster of one host has no other hosts: its hub notifies all processes. */
const NO_OTHER_HOSTS: OtherHosts = {
  noteChange: () => {},
  placeSessions: () => {},
  readStatistics: () => ({ workers: [], missing: [] }),
  instances: () => [],
  peers: () => ({ gateways: 0, workers: 0 }),
  ask: () => Promise.resolve({ replies: [], missing: [] }),
};

/** The state of a cluster of one host, in its primary's memory. */
export class MemoryStore implements Store {
  readonly kind = 'memory';
  readonly leases: MemoryLeases;
  readonly election: MemoryElection;
  readonly snapshots: MemorySnapshots;
  readonly ejections: MemoryEjections;
  readonly events: MemoryEvents;
  readonly control: ControlStore;
  readonly otherHosts = NO_OTHER_HOSTS;
  readonly #since = Date.now();

  constructor({ self, sink, liveWorkers }: MemoryStoreOptions) {
    const now = (): number => performance.now();
    this.leases = new MemoryLeases(sink, liveWorkers, now);
    this.events = new MemoryEvents(sink);
    this.election = new MemoryElection(this.events, now);
    this.snapshots = new MemorySnapshots(sink, this.election);
    this.ejections = new MemoryEjections(sink, now);
    this.control = new MemoryControl(sink);
    this.events.publish(gatewayStarted(self.id));
  }

  health(): StateHealth {
    return { connected: true, since: this.#since, outages: 0, latencyMs: null, detail: '' };
  }

  close(): Promise<void> {
    this.leases.close();
    return Promise.resolve();
  }
}
