import { compareVersions } from '@olla/core/snapshot';
import type { Snapshot } from '@olla/core/snapshot';
import { applyControl, NO_CONTROL } from '../control.ts';
import type * as port from '../port.ts';
import type { HostReport, Store, StoreSink } from '../store.ts';
import { Buckets } from './buckets.ts';
import { LocalLead } from './local-lead.ts';
import { LocalProbes } from './local-probes.ts';

const SWEEP_INTERVAL_MS = 1_000;

/** The state of a cluster of one host, in its primary's memory. */
export class MemoryStore implements Store {
  readonly kind = 'memory';
  readonly #sink: StoreSink;
  readonly #liveWorkers: () => number;
  readonly #buckets: Buckets;
  readonly #probes: LocalProbes;
  readonly #lead: LocalLead;
  readonly #sweeper: NodeJS.Timeout;
  readonly #since = Date.now();
  #snapshot: Snapshot | null = null;
  #control = NO_CONTROL;

  constructor(sink: StoreSink, liveWorkers: () => number, now: () => number = () => performance.now()) {
    this.#sink = sink;
    this.#liveWorkers = liveWorkers;
    this.#buckets = new Buckets(now);
    this.#probes = new LocalProbes(now);
    this.#lead = new LocalLead(now);
    this.#sweeper = setInterval(() => this.#buckets.sweep(), SWEEP_INTERVAL_MS);
    this.#sweeper.unref();
  }

  takeLeases(holder: string, asks: readonly port.LeaseAsk[]): readonly port.LeaseGrant[] {
    return this.#buckets.take(holder, asks, this.#liveWorkers(), (key) => this.#sink.recall(key, holder));
  }

  settleLeases(holder: string, returns: readonly port.LeaseReturn[]): void {
    this.#buckets.settle(holder, returns);
  }

  readSnapshot(): Snapshot | null {
    return this.#snapshot;
  }

  publishSnapshot(snapshot: Snapshot): 'published' | 'fenced' {
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

  campaign(by: string, ttlMs: number, newestToken: number): port.Lead {
    return this.#lead.campaign(by, ttlMs, newestToken);
  }

  resign(by: string): void {
    this.#lead.resign(by);
  }

  leader(): string | null {
    return this.#lead.holder;
  }

  reportEjection(ejection: port.Ejection): void {
    this.#sink.ejection(ejection);
  }

  acquireProbe(endpointKey: string, ttlMs: number): boolean {
    return this.#probes.acquire(endpointKey, ttlMs);
  }

  tellSessions(): void {
    // One host: its hub has told everyone.
  }

  emitEvent(event: port.StateEvent): void {
    this.#sink.event(event);
  }

  readControl(): port.Control {
    return this.#control;
  }

  changeControl(change: port.ControlChange): port.Control {
    this.#control = applyControl(this.#control, change, Date.now());
    this.#sink.control(this.#control);
    return this.#control;
  }

  health(): port.StateHealth {
    return { connected: true, since: this.#since, outages: 0, latencyMs: null, detail: '' };
  }

  close(): Promise<void> {
    clearInterval(this.#sweeper);
    return Promise.resolve();
  }

  publishHost(_report: () => HostReport): void {
    // There is no other host.
  }

  remoteStatistics(): port.StatisticsReading {
    return { workers: [], missing: [] };
  }

  remoteInstances(): readonly port.LiveInstance[] {
    return [];
  }

  remotePeers(): { readonly gateways: number; readonly workers: number } {
    return { gateways: 0, workers: 0 };
  }

  askRemote(): Promise<port.Answers> {
    return Promise.resolve({ answers: [], missing: [] });
  }
}
