import type { Instance } from '@olla/core/instance';
import type { Snapshot } from '@olla/core/snapshot';
import type { Question, Replies } from './ports/ask.ts';
import type { Control, ControlChange } from './ports/control.ts';
import type { LiveInstance } from './ports/directory.ts';
import type { Ejection, Readmission } from './ports/ejections.ts';
import type { Lead } from './ports/election.ts';
import type { ClusterEvent } from './ports/events.ts';
import type { StateHealth } from './ports/health.ts';
import type { LeaseGrant, LeaseRequest, LeaseReturn } from './ports/leases.ts';
import type { SessionPlacement } from './ports/sessions.ts';
import type { PublishOutcome } from './ports/snapshots.ts';
import type { StatisticsReading, StatisticsShare } from './ports/statistics.ts';
import type { StateKind } from './shared-state.ts';

type Awaitable<T> = T | Promise<T>;

/**
 * The store of a hub's cluster state: its own memory, or Redis. The store reports every change through the `StoreSink`,
 * the hub's own included. Each part has the contract of the port with its name.
 */
export interface Store {
  readonly kind: StateKind;
  readonly leases: LeaseStore;
  readonly snapshots: SnapshotStore;
  readonly election: ElectionStore;
  readonly ejections: EjectionStore;
  readonly events: EventStore;
  readonly control: ControlStore;
  readonly otherHosts: OtherHosts;
  health(): StateHealth;
  close(): Promise<void>;
}

export interface LeaseStore {
  /** @param holder instance id */
  take(holder: string, requests: readonly LeaseRequest[]): Awaitable<readonly LeaseGrant[]>;
  returnLeases(holder: string, returns: readonly LeaseReturn[]): void;
}

export interface SnapshotStore {
  read(): Awaitable<Snapshot | null>;
  publish(snapshot: Snapshot): Awaitable<PublishOutcome>;
}

export interface ElectionStore {
  campaign(by: Instance, ttlMs: number, newestToken: number): Awaitable<Lead>;
  /** @param by instance id */
  resign(by: string): Awaitable<void>;
  /** Instance id of the leader, as last known. */
  leader(): string | null;
}

export interface EjectionStore {
  /** @returns whether this ejection is in force; the sink is notified */
  eject(ejection: Ejection): Awaitable<boolean>;
  /** @returns whether this ended an ejection; the sink is notified */
  readmit(readmission: Readmission): Awaitable<boolean>;
  /** The ejections in force that this host knows. */
  ejected(): readonly Ejection[];
  /** The last re-admission that this host knows of each endpoint that is not ejected. */
  readmitted(): readonly Readmission[];
  acquireProbe(endpointKey: string, ttlMs: number): Awaitable<boolean>;
}

export interface EventStore {
  /** Publishes to this host's members and to all other hosts. */
  publish(event: ClusterEvent): void;
  recent(): Awaitable<readonly ClusterEvent[]>;
}

export interface ControlStore {
  read(): Awaitable<Control>;
  change(change: ControlChange): Awaitable<Control>;
}

/** The exchange with other hosts; empty for a store of one host. */
export interface OtherHosts {
  /** Notes that the report may have changed; the store calls `report` when it sends. */
  noteChange(report: () => HostReport): void;
  /** Publishes placements to other hosts; the hub notifies this host's members. */
  placeSessions(placements: readonly SessionPlacement[]): void;
  readStatistics(deadlineMs: number): Awaitable<StatisticsReading>;
  instances(): readonly LiveInstance[];
  /** Numbers of other hosts' gateways and workers. */
  peers(): { readonly gateways: number; readonly workers: number };
  ask(question: Question, deadlineMs: number): Promise<Replies>;
}

/** A hub's report of its members to other hosts. */
export interface HostReport {
  readonly instances: readonly ReportedInstance[];
  /** Sums of this host by endpoint key. */
  readonly inFlight: Readonly<Record<string, number>>;
  readonly statistics: readonly Omit<StatisticsShare, 'ageMs'>[];
}

export interface ReportedInstance extends Instance {
  readonly ageMs: number;
}

/** Receives the store's changes: the hub. */
export interface StoreSink {
  snapshot(snapshot: Snapshot): void;
  control(control: Control): void;
  ejection(ejection: Ejection): void;
  readmission(readmission: Readmission): void;
  event(event: ClusterEvent): void;
  /** Placements of other hosts. */
  sessions(placements: readonly SessionPlacement[]): void;
  recall(key: string, exceptHolder: string): void;
  health(health: StateHealth): void;
  /** Other hosts' non-zero counts of requests in flight, by endpoint key. */
  remoteLoad(counts: ReadonlyMap<string, number>): void;
  remotePeers(): void;
  /** A question from another host to this host's members. */
  ask(question: Question, deadlineMs: number): Promise<Replies>;
}
