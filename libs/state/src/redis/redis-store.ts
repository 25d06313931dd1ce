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
import type { HeartbeatResult } from './heartbeat.ts';
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

const CLOSE_MS = 500;

export interface RedisStoreOptions {
  readonly self: Instance;
  readonly redis: RedisOptions;
  readonly sink: StoreSink;
  readonly liveWorkers: () => number;
  readonly log: (event: StoreLogEvent) => void;
}

/**
 * The state of a cluster in Redis, for the hub of one host. While Redis is unreachable the host works alone: its own
 * agent leads it, and it grants its own probes. Its own snapshots never reach the cluster: when Redis is back, the
 * cluster's next token is above the host's.
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
    // An agent without a gateway has no processes to publish to, so it does not lead while Redis is unreachable.
    this.#isGateway = self.role === 'primary';
    this.#log = log;
    const keys = new Keys(redis.name);
    const connection = new RedisConnection(redis, {
      onUp: () => this.#onUp(),
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
      onHeartbeatReply: (reply) => this.#onHeartbeatReply(reply),
      onChanged: () => void this.#reconciler.run(),
      onEvent: (record) => this.events.receive(record),
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
    await this.events.storePending(CLOSE_MS);
    await this.otherHosts.close();
    this.#outages.close();
    this.#connection.close();
  }

  /** Called when Redis answers for the first time or again. It may have been emptied meanwhile. */
  #onUp(): void {
    this.snapshots.forgetStored();
    this.#outages.end();
    this.otherHosts.publishAll();
    this.events.restore();
    void this.#reconciler.run();
  }

  #onHeartbeatReply(reply: HeartbeatResult): void {
    this.#lead.noteLeader(reply.leader);
    void this.events.retry();
    this.#outages.noteLatency(reply.latencyMs);
    const isSame =
      compareVersions(reply.version, this.snapshots.version) === 0 &&
      reply.controlRevision === this.control.settledRevision &&
      reply.ejectionsRevision === this.#ejectionRecord.settledRevision;
    if (!isSame || this.#isAhead()) void this.#reconciler.run();
  }

  /** Whether a token that this host gave alone is above the cluster's newest one. */
  #isAhead(): boolean {
    return this.#lead.localToken > this.snapshots.version.token;
  }

  /** Copies newer state from this host to Redis, and from Redis to this host. */
  async #reconcile(): Promise<void> {
    if (this.#isAhead()) await this.#lead.noteLocalToken();
    await this.snapshots.reconcile();
    await this.control.reconcile();
    await this.#ejectionRecord.reconcile();
  }

  #noteLost(hub: string, instances: readonly ReportedInstance[]): void {
    // An agent without a gateway has a hub too, but is no gateway.
    if (instances.some(({ role }) => role === 'primary')) this.#publish(gatewayLost(hub, this.#hub), 'warn');
  }

  #noteReturned(): void {
    if (this.#isGateway) this.#publish(gatewayReturned(this.#hub), 'info');
  }

  #publish(event: ClusterEvent, level: StoreLogEvent['level']): void {
    this.events.publish(event);
    const { time: _, ...facts } = event;
    this.#log({ event: 'gateway', level, message: describeEvent(facts), fields: eventFields(facts) });
  }
}
