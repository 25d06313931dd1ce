import type { Instance } from '@olla/core/instance';
import { compareVersions } from '@olla/core/snapshot';
import { gatewayLeft, gatewayLost, gatewayReturned, gatewayStarted } from '../cluster-events.ts';
import type { ClusterEvent } from '../ports/events.ts';
import type { StateHealth } from '../ports/health.ts';
import { describeEvent, eventFields } from '../report-event.ts';
import type { StoreLogEvent } from '../store-log.ts';
import type { ReportedInstance, Store, StoreSink } from '../store.ts';
import { RedisConnection } from './connection.ts';
import { ControlRecord } from './control-record.ts';
import { EjectionRecord } from './ejection-record.ts';
import type { Heard } from './heartbeat.ts';
import type { HostMessageKind, HostMessages } from './host-messages.ts';
import { Keys } from './keys.ts';
import type { RedisOptions } from './options.ts';
import { OutageLog } from './outage-log.ts';
import { Probes } from './probes.ts';
import { Reconciler } from './reconciler.ts';
import { RedisEjections } from './redis-ejections.ts';
import { RedisElection } from './redis-election.ts';
import { RedisEvents } from './redis-events.ts';
import { RedisHosts } from './redis-hosts.ts';
import { RedisLead } from './redis-lead.ts';
import { RedisLeases } from './redis-leases.ts';
import { RedisSnapshots } from './redis-snapshots.ts';
import { SnapshotRecord } from './snapshot-record.ts';

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
  readonly leases: RedisLeases;
  readonly snapshots: RedisSnapshots;
  readonly election: RedisElection;
  readonly ejections: RedisEjections;
  readonly events: RedisEvents;
  readonly control: ControlRecord;
  readonly otherHosts: RedisHosts;
  readonly #hub: string;
  readonly #isGateway: boolean;
  readonly #log: RedisStoreOptions['log'];
  readonly #connection: RedisConnection;
  readonly #outages: OutageLog;
  readonly #lead: RedisLead;
  readonly #ejectionRecord: EjectionRecord;
  readonly #reconciler = new Reconciler(() => this.#reconcile());

  constructor({ self, redis, sink, liveWorkers, log }: RedisStoreOptions) {
    this.#hub = self.id;
    // An agent on its own has nobody to tell: while Redis is away it leads nothing.
    this.#isGateway = self.role === 'primary';
    this.#log = log;
    const keys = new Keys(redis.name);
    const connection = new RedisConnection(redis, {
      onUp: () => this.#comeBack(),
      onDown: (reason) => this.#outages.start(reason),
    });
    const textOf = <Kind extends HostMessageKind>(kind: Kind, body: HostMessages[Kind]): string =>
      this.otherHosts.textOf(kind, body);
    this.#connection = connection;
    this.#outages = new OutageLog(redis, log, (health) => sink.health(health));
    this.#lead = new RedisLead(connection, keys, this.#isGateway);
    this.#ejectionRecord = new EjectionRecord({ connection, keys, sink, textOf });
    this.leases = new RedisLeases({ connection, keys, liveWorkers });
    this.events = new RedisEvents({
      hub: self.id,
      connection,
      keys,
      sink,
      textOf: (record) => textOf('event', record),
    });
    this.snapshots = new RedisSnapshots({
      record: new SnapshotRecord(connection, keys, ({ version }) => textOf('snapshot', version)),
      lead: this.#lead,
      sink,
      isAutonomous: this.#isGateway,
    });
    this.election = new RedisElection({ lead: this.#lead, snapshots: this.snapshots, events: this.events });
    this.ejections = new RedisEjections(this.#ejectionRecord, new Probes(connection, keys));
    this.control = new ControlRecord({
      connection,
      keys,
      sink,
      textOf: (revision) => textOf('control', { revision }),
    });
    this.otherHosts = new RedisHosts({
      hub: self.id,
      redis,
      keys,
      connection,
      sink,
      leader: () => this.#lead.leader,
      ejections: this.#ejectionRecord,
      onHeard: (heard) => this.#hear(heard),
      onChanged: () => void this.#reconciler.run(),
      onEvent: (record) => this.events.learn(record),
      onListening: () => void this.events.catchUp(),
      onLost: (hub, instances) => this.#noteLost(hub, instances),
      onReturned: () => this.#noteReturned(),
    });
    if (this.#isGateway) this.events.publish(gatewayStarted(self.id));
  }

  health(): StateHealth {
    return this.#outages.health;
  }

  async close(): Promise<void> {
    if (this.#isGateway) this.events.publish(gatewayLeft(this.#hub));
    await this.events.storePending(GOODBYE_MS);
    await this.otherHosts.close();
    this.#outages.close();
    this.#connection.close();
  }

  /** Redis answers, for the first time or again; it may have been emptied meanwhile. */
  #comeBack(): void {
    this.snapshots.forgetStored();
    this.#outages.end();
    this.otherHosts.tellAll();
    this.events.restore();
    void this.#reconciler.run();
  }

  #hear(heard: Heard): void {
    this.#lead.hear(heard.leader);
    void this.events.makeUp();
    this.#outages.noteLatency(heard.latencyMs);
    const isSame =
      compareVersions(heard.version, this.snapshots.version) === 0 &&
      heard.controlRevision === this.control.settledRevision &&
      heard.ejectionsRevision === this.#ejectionRecord.settledRevision;
    if (!isSame || this.#isAhead()) void this.#reconciler.run();
  }

  /** Whether this host gave a token alone that the cluster's have not overtaken yet. */
  #isAhead(): boolean {
    return this.#lead.localToken > this.snapshots.version.token;
  }

  /** Brings this host and Redis to the newer of what each has. */
  async #reconcile(): Promise<void> {
    if (this.#isAhead()) await this.#lead.noteLocalToken();
    await this.snapshots.reconcile();
    await this.control.reconcile();
    await this.#ejectionRecord.reconcile();
  }

  #noteLost(hub: string, instances: readonly ReportedInstance[]): void {
    // An agent on its own is no gateway.
    if (instances.some(({ role }) => role === 'primary')) this.#tell(gatewayLost(hub, this.#hub), 'warn');
  }

  #noteReturned(): void {
    if (this.#isGateway) this.#tell(gatewayReturned(this.#hub), 'info');
  }

  #tell(event: ClusterEvent, level: StoreLogEvent['level']): void {
    this.events.publish(event);
    const { time: _, ...facts } = event;
    this.#log({ event: 'gateway', level, message: describeEvent(facts), fields: eventFields(facts) });
  }
}
