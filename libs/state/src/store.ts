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
 * What a hub keeps its cluster's state in: its own memory, or Redis. What changes is told to the hub through the
 * `StoreSink`, whoever changed it. Each part keeps the contract of the port of its name.
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
  /** @returns whether this ejection stands; it tells the sink */
  eject(ejection: Ejection): Awaitable<boolean>;
  /** @returns whether this ended an ejection; it tells the sink */
  readmit(readmission: Readmission): Awaitable<boolean>;
  /** Those that stand, as this host knows. */
  ejected(): readonly Ejection[];
  /** The last re-admission of each endpoint that is not ejected, as this host knows. */
  readmitted(): readonly Readmission[];
  acquireProbe(endpointKey: string, ttlMs: number): Awaitable<boolean>;
}

export interface EventStore {
  /** Tells this host's members and all other hosts. */
  publish(event: ClusterEvent): void;
  recent(): Awaitable<readonly ClusterEvent[]>;
}

export interface ControlStore {
  read(): Awaitable<Control>;
  change(change: ControlChange): Awaitable<Control>;
}

/** What this host tells the others, and what they tell; nothing of it for a store of one host. */
export interface OtherHosts {
  /** Called whenever something of the report may have changed; the store calls `report` when it sends. */
  noteChange(report: () => HostReport): void;
  /** This host's members are told by the hub. */
  placeSessions(placements: readonly SessionPlacement[]): void;
  readStatistics(deadlineMs: number): Awaitable<StatisticsReading>;
  instances(): readonly LiveInstance[];
  /** Without this host. */
  peers(): { readonly gateways: number; readonly workers: number };
  ask(question: Question, deadlineMs: number): Promise<Replies>;
}

/** What a hub tells other hosts of its members. */
export interface HostReport {
  readonly instances: readonly ReportedInstance[];
  /** Sums of this host by endpoint key. */
  readonly inFlight: Readonly<Record<string, number>>;
  readonly statistics: readonly Omit<StatisticsShare, 'ageMs'>[];
}

export interface ReportedInstance extends Instance {
  readonly ageMs: number;
}

/** What a store tells its hub. */
export interface StoreSink {
  snapshot(snapshot: Snapshot): void;
  control(control: Control): void;
  ejection(ejection: Ejection): void;
  readmission(readmission: Readmission): void;
  event(event: ClusterEvent): void;
  /** What other hosts placed. */
  sessions(placements: readonly SessionPlacement[]): void;
  recall(key: string, exceptHolder: string): void;
  health(health: StateHealth): void;
  /** Other hosts' counts in flight, by endpoint key; all that are not zero. */
  remoteLoad(counts: ReadonlyMap<string, number>): void;
  remotePeers(): void;
  /** A question from another host to this host's members. */
  ask(question: Question, deadlineMs: number): Promise<Replies>;
}
