import type { Instance } from '@olla/core/instance';
import { compareVersions, type Snapshot } from '@olla/core/snapshot';
import { gatewayLeft, gatewayLost, gatewayReturned, gatewayStarted, leaderEvent } from '../cluster-events.ts';
import { LocalProbes } from '../memory/local-probes.ts';
import type { Question, Replies } from '../ports/ask.ts';
import type { Control, ControlChange } from '../ports/control.ts';
import type { LiveInstance } from '../ports/directory.ts';
import type { Ejection, Readmission } from '../ports/ejections.ts';
import type { Lead } from '../ports/election.ts';
import type { ClusterEvent } from '../ports/events.ts';
import type { StateHealth } from '../ports/health.ts';
import type { LeaseGrant, LeaseRequest, LeaseReturn } from '../ports/leases.ts';
import type { SessionPlacement } from '../ports/sessions.ts';
import { NO_VERSION, type PublishOutcome } from '../ports/snapshots.ts';
import type { StatisticsReading } from '../ports/statistics.ts';
import type { StoreLogEvent } from '../store-log.ts';
import type { HostReport, Store, StoreSink } from '../store.ts';
import { isAway, RedisConnection } from './connection.ts';
import { ControlRecord } from './control-record.ts';
import { EjectionRecord } from './ejection-record.ts';
import type { Heard } from './heartbeat.ts';
import { Events } from './events.ts';
import { Keys } from './keys.ts';
import { RedisLeases } from './leases.ts';
import { OtherHosts } from './other-hosts.ts';
import { OutageLog } from './outage-log.ts';
import type { RedisOptions } from './options.ts';
import { Probes } from './probes.ts';
import { RedisLead } from './redis-lead.ts';
import { SnapshotRecord } from './snapshot-record.ts';

const LEASE_DEADLINE_MS = 50;
const GOODBYE_MS = 500;

export interface RedisStoreOptions {
  readonly self: Instance;
  readonly redis: RedisOptions;
  readonly sink: StoreSink;
  readonly liveWorkers: () => number;
  readonly log: (event: StoreLogEvent) => void;
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
  readonly #hub: string;
  readonly #isGateway: boolean;
  readonly #connection: RedisConnection;
  readonly #leases: RedisLeases;
  readonly #lead: RedisLead;
  readonly #snapshots: SnapshotRecord;
  readonly #control: ControlRecord;
  readonly #probes: Probes;
  readonly #localProbes = new LocalProbes(() => performance.now());
  readonly #others: OtherHosts;
  readonly #events: Events;
  readonly #ejections: EjectionRecord;
  readonly #outages: OutageLog;
  /** Of the cluster; the hub may have a newer one of this host alone. */
  #newest: Snapshot | null = null;
  #isStale = false;
  #isRefreshing = false;

  constructor(options: RedisStoreOptions) {
    const { self, redis, sink } = options;
    this.#sink = sink;
    this.#hub = self.id;
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
    this.#ejections = new EjectionRecord({
      connection,
      keys,
      sink,
      textOf: (kind, body) => this.#others.textOf(kind, body),
    });
    this.#others = new OtherHosts({
      hub: self.id,
      redis,
      keys,
      connection,
      sink,
      onHeard: (heard) => this.#hear(heard),
      onChanged: () => void this.#refresh(),
      ejections: this.#ejections,
      onLost: (hub, instances) => {
        const isGateway = instances.some(({ role }) => role === 'primary');
        if (isGateway) this.#tellOfGateway(gatewayLost(hub, self.id), options.log);
      },
      onReturned: () => {
        if (this.#isGateway) this.#tellOfGateway(gatewayReturned(self.id), options.log);
      },
      onEvent: (record) => this.#events.learn(record),
      onListening: () => void this.#events.catchUp(),
    });
    this.#events = new Events({
      hub: self.id,
      connection,
      keys,
      textOf: (record) => this.#others.textOf('event', record),
      onEvent: (event) => sink.event(event),
    });
    if (this.#isGateway) this.publishEvent(gatewayStarted(self.id));
    this.#snapshots = new SnapshotRecord(connection, keys, ({ version }) =>
      this.#others.textOf('snapshot', version),
    );
    this.#control = new ControlRecord({
      connection,
      keys,
      textOf: (revision) => this.#others.textOf('control', { revision }),
      onNewer: (control) => sink.control(control),
    });
  }

  takeLeases(holder: string, requests: readonly LeaseRequest[]): Promise<readonly LeaseGrant[]> {
    return this.#leases.take(holder, requests, this.#liveWorkers(), LEASE_DEADLINE_MS);
  }

  returnLeases(holder: string, returns: readonly LeaseReturn[]): void {
    this.#leases.returnLeases(holder, returns);
  }

  // ── the snapshot and the lead ───────────────────────────────────────────

  readSnapshot(): Promise<Snapshot | null> {
    return this.#snapshots.read();
  }

  async publishSnapshot(snapshot: Snapshot): Promise<PublishOutcome> {
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

  async campaign(by: Instance, ttlMs: number, newestToken: number): Promise<Lead> {
    const known = Math.max(newestToken, this.#newest?.version.token ?? 0);
    const { lead, change } = await this.#lead.campaign(by.id, ttlMs, known);
    if (change !== null) this.publishEvent(leaderEvent(change, by));
    return lead;
  }

  resign(by: string): Promise<void> {
    return this.#lead.resign(by);
  }

  leader(): string | null {
    return this.#lead.leader;
  }

  // ── health reports, events, control ─────────────────────────────────────

  eject(ejection: Ejection): Promise<boolean> {
    return this.#ejections.eject(ejection);
  }

  readmit(readmission: Readmission): Promise<boolean> {
    return this.#ejections.readmit(readmission);
  }

  ejections(): readonly Ejection[] {
    return this.#ejections.all();
  }

  async acquireProbe(endpointKey: string, ttlMs: number): Promise<boolean> {
    try {
      return await this.#probes.acquire(endpointKey, ttlMs);
    } catch (error) {
      if (!isAway(error)) throw error;
      return this.#localProbes.acquire(endpointKey, ttlMs);
    }
  }

  publishEvent(event: ClusterEvent): void {
    this.#events.publish(event);
    this.#sink.event(event);
  }

  recentEvents(): Promise<readonly ClusterEvent[]> {
    return this.#events.recent();
  }

  placeSessions(placements: readonly SessionPlacement[]): void {
    this.#others.placeSessions(placements);
  }

  readControl(): Promise<Control> {
    return this.#control.read();
  }

  changeControl(change: ControlChange): Promise<Control> {
    return this.#control.change(change);
  }

  // ── other hosts ─────────────────────────────────────────────────────────

  publishHost(report: () => HostReport): void {
    this.#others.noteChange(report);
  }

  remoteStatistics(deadlineMs: number): Promise<StatisticsReading> {
    return this.#others.statistics.read(deadlineMs);
  }

  remoteInstances(): LiveInstance[] {
    return this.#others.table.instances(this.#lead.leader);
  }

  remotePeers(): { readonly gateways: number; readonly workers: number } {
    return this.#others.table.peers();
  }

  askRemote(question: Question, deadlineMs: number): Promise<Replies> {
    return this.#others.ask(question, deadlineMs);
  }

  // ── connection ──────────────────────────────────────────────────────────

  health(): StateHealth {
    return this.#outages.health;
  }

  async close(): Promise<void> {
    if (this.#isGateway) this.publishEvent(gatewayLeft(this.#hub));
    await this.#events.storePending(GOODBYE_MS);
    await this.#others.close();
    this.#outages.close();
    this.#connection.close();
  }

  #tellOfGateway(event: ClusterEvent, log: RedisStoreOptions['log']): void {
    this.publishEvent(event);
    const message = `gateway ${event.gateway} is ${event.to}: ${event.reason}`;
    log({ event: 'gateway', level: event.to === 'lost' ? 'warn' : 'info', message });
  }

  /** Redis answers, for the first time or again; it may have been emptied meanwhile. */
  #comeBack(): void {
    this.#snapshots.forgetStored();
    this.#outages.end();
    this.#others.tellAll();
    this.#events.restore();
    void this.#refresh();
  }

  #hear(heard: Heard): void {
    this.#lead.hear(heard.leader);
    void this.#events.storePending();
    this.#outages.noteLatency(heard.latencyMs);
    const isSame =
      compareVersions(heard.version, this.#newest?.version ?? NO_VERSION) === 0 &&
      heard.controlRevision === this.#control.settledRevision &&
      heard.ejectionsRevision === this.#ejections.settledRevision;
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
    await this.#ejections.reconcile();
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
