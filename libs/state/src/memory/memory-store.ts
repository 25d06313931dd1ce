import type { Instance } from '@olla/core/instance';
import { compareVersions, type Snapshot } from '@olla/core/snapshot';
import { applyControl, NO_CONTROL } from '../apply-control.ts';
import { gatewayStarted, leaderEvent } from '../cluster-events.ts';
import { EventLog, eventId, recentEvents } from '../event-log.ts';
import { OpenEjections } from '../open-ejections.ts';
import type { Replies } from '../ports/ask.ts';
import type { Control, ControlChange } from '../ports/control.ts';
import type { LiveInstance } from '../ports/directory.ts';
import type { Ejection, Readmission } from '../ports/ejections.ts';
import type { Lead } from '../ports/election.ts';
import type { ClusterEvent } from '../ports/events.ts';
import type { StateHealth } from '../ports/health.ts';
import type { LeaseGrant, LeaseRequest, LeaseReturn } from '../ports/leases.ts';
import type { PublishOutcome } from '../ports/snapshots.ts';
import type { StatisticsReading } from '../ports/statistics.ts';
import type { HostReport, Store, StoreSink } from '../store.ts';
import { Buckets } from './buckets.ts';
import { LocalLead } from './local-lead.ts';
import { LocalProbes } from './local-probes.ts';

const SWEEP_INTERVAL_MS = 1_000;

export interface MemoryStoreOptions {
  readonly self: Instance;
  readonly sink: StoreSink;
  readonly liveWorkers: () => number;
  /** Milliseconds that never run backwards. */
  readonly now?: () => number;
}

/** The state of a cluster of one host, in its primary's memory. */
export class MemoryStore implements Store {
  readonly kind = 'memory';
  readonly #sink: StoreSink;
  readonly #liveWorkers: () => number;
  readonly #buckets: Buckets;
  readonly #probes: LocalProbes;
  readonly #lead: LocalLead;
  readonly #events = new EventLog();
  readonly #ejections = new OpenEjections();
  #eventCount = 0;
  readonly #sweeper: NodeJS.Timeout;
  readonly #since = Date.now();
  #snapshot: Snapshot | null = null;
  #control = NO_CONTROL;

  constructor({ self, sink, liveWorkers, now = () => performance.now() }: MemoryStoreOptions) {
    this.#sink = sink;
    this.#liveWorkers = liveWorkers;
    this.#buckets = new Buckets(now);
    this.#probes = new LocalProbes(now);
    this.#lead = new LocalLead(now);
    this.#sweeper = setInterval(() => this.#buckets.sweep(), SWEEP_INTERVAL_MS);
    this.#sweeper.unref();
    this.publishEvent(gatewayStarted(self.gateway));
  }

  takeLeases(holder: string, requests: readonly LeaseRequest[]): readonly LeaseGrant[] {
    return this.#buckets.take({
      holder,
      requests,
      liveWorkers: this.#liveWorkers(),
      onStranded: (key) => this.#sink.recall(key, holder),
    });
  }

  returnLeases(holder: string, returns: readonly LeaseReturn[]): void {
    this.#buckets.giveBack(holder, returns);
  }

  readSnapshot(): Snapshot | null {
    return this.#snapshot;
  }

  publishSnapshot(snapshot: Snapshot): PublishOutcome {
    if (snapshot.version.token < this.#lead.token) return 'fenced';
    if (this.#snapshot !== null) {
      const order = compareVersions(snapshot.version, this.#snapshot.version);
      if (order < 0) return 'fenced';
      // The same version again is a retry whose first answer was lost.
      if (order === 0) return 'published';
    }
    this.#snapshot = snapshot;
    this.#sink.snapshot(snapshot);
    return 'published';
  }

  campaign(by: Instance, ttlMs: number, newestToken: number): Lead {
    const { lead, change } = this.#lead.campaign(by.id, ttlMs, newestToken);
    if (change !== null) this.publishEvent(leaderEvent(change, by));
    return lead;
  }

  resign(by: string): void {
    this.#lead.resign(by);
  }

  leader(): string | null {
    return this.#lead.holder;
  }

  eject(ejection: Ejection): boolean {
    const stands = this.#ejections.open(ejection);
    if (stands) this.#sink.ejection(ejection);
    return stands;
  }

  readmit(readmission: Readmission): boolean {
    const isOver = this.#ejections.close(readmission);
    if (isOver) this.#sink.readmission(readmission);
    return isOver;
  }

  ejections(): readonly Ejection[] {
    return this.#ejections.all();
  }

  acquireProbe(endpointKey: string, ttlMs: number): boolean {
    return this.#probes.acquire(endpointKey, ttlMs);
  }

  placeSessions(): void {
    // One host: its hub has told everyone.
  }

  publishEvent(event: ClusterEvent): void {
    this.#eventCount += 1;
    this.#events.add({ id: eventId('host', this.#eventCount), event });
    this.#sink.event(event);
  }

  recentEvents(): readonly ClusterEvent[] {
    return recentEvents(this.#events.all());
  }

  readControl(): Control {
    return this.#control;
  }

  changeControl(change: ControlChange): Control {
    this.#control = applyControl(this.#control, change, Date.now());
    this.#sink.control(this.#control);
    return this.#control;
  }

  health(): StateHealth {
    return { connected: true, since: this.#since, outages: 0, latencyMs: null, detail: '' };
  }

  close(): Promise<void> {
    clearInterval(this.#sweeper);
    return Promise.resolve();
  }

  publishHost(_report: () => HostReport): void {
    // There is no other host.
  }

  remoteStatistics(): StatisticsReading {
    return { workers: [], missing: [] };
  }

  remoteInstances(): readonly LiveInstance[] {
    return [];
  }

  remotePeers(): { readonly gateways: number; readonly workers: number } {
    return { gateways: 0, workers: 0 };
  }

  askRemote(): Promise<Replies> {
    return Promise.resolve({ replies: [], missing: [] });
  }
}
