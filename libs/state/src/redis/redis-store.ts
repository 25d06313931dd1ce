import type { Instance } from '@olla/core/instance';
import { compareVersions } from '@olla/core/snapshot';
import type { Snapshot } from '@olla/core/snapshot';
import type { HubLogEvent } from '../hub.ts';
import { LocalProbes } from '../memory/local-probes.ts';
import { NO_VERSION } from '../port.ts';
import type * as port from '../port.ts';
import type { HostReport, Store, StoreSink } from '../store.ts';
import { isAway, RedisConnection } from './connection.ts';
import { ControlRecord } from './control-record.ts';
import { HostExchange } from './host-exchange.ts';
import type { Heard } from './host-exchange.ts';
import { Keys } from './keys.ts';
import { RedisLeases } from './leases.ts';
import { OutageLog } from './outage-log.ts';
import type { RedisOptions } from './options.ts';
import { Probes } from './probes.ts';
import { RedisLead } from './redis-lead.ts';
import { SnapshotRecord } from './snapshot-record.ts';

const LEASE_DEADLINE_MS = 50;

export interface RedisStoreOptions {
  readonly self: Instance;
  readonly redis: RedisOptions;
  readonly sink: StoreSink;
  readonly liveWorkers: () => number;
  readonly log: (event: HubLogEvent) => void;
}

/**
 * The state of a cluster in Redis, for the hub of one host. While Redis is away the host is on its own: an agent of
 * its own leads it, and it grants its own probes. What it decided alone stays here: when Redis is back, the cluster's
 * next token rises above the host's.
 */
export class RedisStore implements Store {
  readonly kind = 'redis';
  readonly #sink: StoreSink;
  readonly #liveWorkers: () => number;
  readonly #isGateway: boolean;
  readonly #connection: RedisConnection;
  readonly #leases: RedisLeases;
  readonly #lead: RedisLead;
  readonly #snapshots: SnapshotRecord;
  readonly #control: ControlRecord;
  readonly #probes: Probes;
  readonly #localProbes = new LocalProbes(() => performance.now());
  readonly #exchange: HostExchange;
  readonly #outages: OutageLog;
  /** Of the cluster; the hub may have a newer one of this host alone. */
  #newest: Snapshot | null = null;
  #isStale = false;
  #isRefreshing = false;

  constructor(options: RedisStoreOptions) {
    const { self, redis, sink } = options;
    this.#sink = sink;
    this.#liveWorkers = options.liveWorkers;
    // An agent on its own has nobody to tell: while Redis is away it leads nothing.
    this.#isGateway = self.role === 'primary';
    const keys = new Keys(redis.name);
    this.#outages = new OutageLog(redis, options.log, (health) => sink.health(health));
    const connection = new RedisConnection(redis, {
      onUp: () => this.#comeBack(),
      onDown: (reason) => this.#outages.start(reason),
    });
    this.#connection = connection;
    this.#leases = new RedisLeases(connection, keys);
    this.#probes = new Probes(connection, keys);
    this.#lead = new RedisLead(connection, keys, this.#isGateway);
    this.#exchange = new HostExchange({
      hub: self.id,
      redis,
      keys,
      connection,
      sink,
      onHeard: (heard, latencyMs) => this.#hear(heard, latencyMs),
      onChanged: () => void this.#refresh(),
    });
    this.#snapshots = new SnapshotRecord(connection, keys, ({ version }) =>
      this.#exchange.messageOf('snapshot', version),
    );
    this.#control = new ControlRecord({
      connection,
      keys,
      messageOf: (revision) => this.#exchange.messageOf('control', revision),
      onNewer: (control) => sink.control(control),
    });
  }

  takeLeases(holder: string, asks: readonly port.LeaseAsk[]): Promise<readonly port.LeaseGrant[]> {
    return this.#leases.take(holder, asks, this.#liveWorkers(), LEASE_DEADLINE_MS);
  }

  settleLeases(holder: string, returns: readonly port.LeaseReturn[]): void {
    this.#leases.settle(holder, returns);
  }

  // ── the snapshot and the lead ───────────────────────────────────────────

  readSnapshot(): Promise<Snapshot | null> {
    return this.#snapshots.read();
  }

  async publishSnapshot(snapshot: Snapshot): Promise<'published' | 'fenced'> {
    if (this.#isOld(snapshot)) return 'fenced';
    if (this.#lead.isLocal(snapshot.version.token)) {
      this.#sink.snapshot(snapshot);
      return 'published';
    }
    try {
      if ((await this.#snapshots.publish(snapshot)) === 'fenced') return 'fenced';
    } catch (error) {
      if (!this.#isGateway || !isAway(error)) throw error;
      // The leader's own host goes on with it; when Redis is back it has it too, unless another leads by then.
      if (this.#isOld(snapshot)) return 'fenced';
    }
    this.#learnSnapshot(snapshot);
    return 'published';
  }

  campaign(by: string, ttlMs: number, newestToken: number): Promise<port.Lead> {
    return this.#lead.campaign(by, ttlMs, Math.max(newestToken, this.#newest?.version.token ?? 0));
  }

  resign(by: string): Promise<void> {
    return this.#lead.resign(by);
  }

  leader(): string | null {
    return this.#lead.leader;
  }

  // ── health reports, events, control ─────────────────────────────────────

  reportEjection(ejection: port.Ejection): void {
    this.#sink.ejection(ejection);
    this.#exchange.publish('ejection', ejection);
  }

  async acquireProbe(endpointKey: string, ttlMs: number): Promise<boolean> {
    try {
      return await this.#probes.acquire(endpointKey, ttlMs);
    } catch (error) {
      if (!isAway(error)) throw error;
      return this.#localProbes.acquire(endpointKey, ttlMs);
    }
  }

  emitEvent(event: port.StateEvent): void {
    this.#sink.event(event);
    this.#exchange.publish('event', event);
  }

  tellSessions(placements: readonly port.SessionPlacement[]): void {
    this.#exchange.tellSessions(placements);
  }

  readControl(): Promise<port.Control> {
    return this.#control.read();
  }

  changeControl(change: port.ControlChange): Promise<port.Control> {
    return this.#control.change(change);
  }

  // ── other hosts ─────────────────────────────────────────────────────────

  publishHost(report: () => HostReport): void {
    this.#exchange.noteChange(report);
  }

  remoteStatistics(deadlineMs: number): Promise<port.StatisticsReading> {
    return this.#exchange.statistics.read(deadlineMs);
  }

  remoteInstances(): port.LiveInstance[] {
    return this.#exchange.hosts.instances(this.#lead.leader);
  }

  remotePeers(): { readonly gateways: number; readonly workers: number } {
    return this.#exchange.hosts.peers();
  }

  askRemote(question: port.Question, deadlineMs: number): Promise<port.Answers> {
    return this.#exchange.ask(question, deadlineMs);
  }

  // ── connection ──────────────────────────────────────────────────────────

  health(): port.StateHealth {
    return this.#outages.health;
  }

  async close(): Promise<void> {
    await this.#exchange.close();
    this.#outages.close();
    this.#connection.close();
  }

  /** Redis answers, for the first time or again; it may have been emptied meanwhile. */
  #comeBack(): void {
    this.#snapshots.forgetStored();
    this.#outages.end();
    this.#exchange.tellAll();
    void this.#refresh();
  }

  #hear(heard: Heard, latencyMs: number): void {
    this.#lead.hear(heard.leader);
    this.#outages.noteLatency(latencyMs);
    const isSame =
      compareVersions(heard.version, this.#newest?.version ?? NO_VERSION) === 0 &&
      heard.controlRevision === this.#control.settledRevision;
    if (!isSame || this.#isAhead()) void this.#refresh();
  }

  /** Whether this host gave a token alone that the cluster's have not overtaken yet. */
  #isAhead(): boolean {
    return this.#lead.localToken > (this.#newest?.version.token ?? 0);
  }

  /** Brings this host and Redis to the newer of what each has. One at a time; a failed one is made up by a heartbeat. */
  async #refresh(): Promise<void> {
    this.#isStale = true;
    if (this.#isRefreshing) return;
    this.#isRefreshing = true;
    try {
      while (this.#isStale) {
        this.#isStale = false;
        await this.#reconcile();
      }
    } catch {
      // Away again, or busy: the next heartbeat shows the difference once more.
    } finally {
      this.#isRefreshing = false;
    }
  }

  async #reconcile(): Promise<void> {
    if (this.#isAhead()) await this.#lead.noteLocalToken();
    const stored = await this.#snapshots.read();
    if (stored !== null && !this.#isOld(stored)) this.#learnSnapshot(stored);
    else if (
      this.#newest !== null &&
      compareVersions(stored?.version ?? NO_VERSION, this.#newest.version) < 0
    ) {
      await this.#snapshots.publish(this.#newest);
    }
    await this.#control.reconcile();
  }

  #isOld({ version }: Snapshot): boolean {
    return this.#newest !== null && compareVersions(version, this.#newest.version) < 0;
  }

  #learnSnapshot(snapshot: Snapshot): void {
    if (this.#newest !== null && compareVersions(snapshot.version, this.#newest.version) <= 0) return;
    this.#newest = snapshot;
    this.#sink.snapshot(snapshot);
  }
}
