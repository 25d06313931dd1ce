import type { Instance } from '@olla/core/instance';
import type { Snapshot } from '@olla/core/snapshot';
import type { WorkerStatistics } from '@olla/core/statistics';
import type * as port from './port.ts';

type Awaitable<T> = T | Promise<T>;

/**
 * What a hub keeps its cluster's state in: its own memory, or Redis. What changes is told to the hub through the
 * `StoreSink`, whoever changed it.
 */
export interface Store {
  readonly kind: port.SharedState['kind'];
  takeLeases(holder: string, asks: readonly port.LeaseAsk[]): Awaitable<readonly port.LeaseGrant[]>;
  settleLeases(holder: string, returns: readonly port.LeaseReturn[]): void;
  readSnapshot(): Awaitable<Snapshot | null>;
  publishSnapshot(snapshot: Snapshot): Awaitable<'published' | 'fenced'>;
  campaign(by: string, ttlMs: number, newestToken: number): Awaitable<port.Lead>;
  resign(by: string): Awaitable<void>;
  /** Instance id of the leader, as last known. */
  leader(): string | null;
  reportEjection(ejection: port.Ejection): void;
  acquireProbe(endpointKey: string, ttlMs: number): Awaitable<boolean>;
  emitEvent(event: port.StateEvent): void;
  /** Tells other hosts; this host's members are told by the hub. */
  tellSessions(placements: readonly port.SessionPlacement[]): void;
  readControl(): Awaitable<port.Control>;
  changeControl(change: port.ControlChange): Awaitable<port.Control>;
  health(): port.StateHealth;
  close(): Promise<void>;
  // What this host tells the others, and what they tell; nothing of it for a store of one host.
  /** Called whenever something of the report may have changed; the store asks for it when it sends. */
  publishHost(report: () => HostReport): void;
  remoteStatistics(deadlineMs: number): Awaitable<port.StatisticsReading>;
  remoteInstances(): Awaitable<readonly port.LiveInstance[]>;
  remotePeers(): { readonly gateways: number; readonly workers: number };
  askRemote(question: port.Question, deadlineMs: number): Promise<port.Answers>;
}

/** What a hub tells other hosts of its members. */
export interface HostReport {
  readonly instances: readonly (Instance & { readonly ageMs: number })[];
  readonly inFlight: Readonly<Record<string, number>>;
  readonly statistics: readonly {
    readonly instance: string;
    readonly gateway: string;
    readonly host: string;
    readonly alive: boolean;
    readonly statistics: WorkerStatistics;
  }[];
}

export interface StoreSink {
  snapshot(snapshot: Snapshot): void;
  control(control: port.Control): void;
  ejection(ejection: port.Ejection): void;
  event(event: port.StateEvent): void;
  /** What other hosts placed. */
  sessions(placements: readonly port.SessionPlacement[]): void;
  recall(key: string, exceptHolder: string): void;
  health(health: port.StateHealth): void;
  /** Other hosts' counts in flight, by endpoint key; all that are not zero. */
  remoteInFlight(counts: ReadonlyMap<string, number>): void;
  remotePeers(): void;
  /** A question from another host to this host's members. */
  ask(question: port.Question, deadlineMs: number): Promise<port.Answers>;
}
