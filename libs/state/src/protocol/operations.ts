import type { SnapshotVersion } from '@olla/core/snapshot';
import type { WorkerStatistics } from '@olla/core/statistics';
import type { Question, Replies } from '../ports/ask.ts';
import type { Control, ControlChange } from '../ports/control.ts';
import type { LiveInstance, Peers } from '../ports/directory.ts';
import type { Ejection, Readmission } from '../ports/ejections.ts';
import type { Lead } from '../ports/election.ts';
import type { ClusterEvent } from '../ports/events.ts';
import type { StateHealth } from '../ports/health.ts';
import type { LeaseGrant, LeaseRequest, LeaseReturn } from '../ports/leases.ts';
import type { SessionPlacement } from '../ports/sessions.ts';
import type { PublishOutcome } from '../ports/snapshots.ts';
import type { StatisticsReading } from '../ports/statistics.ts';
import type { PackedSnapshot } from './packed-snapshot.ts';

/** From a member to its hub, with one reply. */
interface Request<Body, Reply> {
  readonly sent: 'request';
  readonly body: Body;
  readonly reply: Reply;
}

/** From a member to its hub, without reply. */
interface Cast<Body> {
  readonly sent: 'cast';
  readonly body: Body;
}

/** From the hub to the members that subscribed to it. */
interface Push<Body> {
  readonly sent: 'push';
  readonly body: Body;
}

/** From the hub to a member, with one reply. */
interface Query<Body, Reply> {
  readonly sent: 'query';
  readonly body: Body;
  readonly reply: Reply;
}

/** Counts by endpoint key; 0 removes an entry. */
export type LoadChanges = Readonly<Record<string, number>>;

/**
 * Every message between a member (worker, agent, the primary itself) and the hub of its host, with its direction,
 * body and reply. Bodies are plain JSON. A new operation is one line here: the compiler then requires its handler at
 * the receiving end, and types the sending end.
 */
export interface Operations {
  'leases.take': Request<readonly LeaseRequest[], readonly LeaseGrant[]>;
  'leases.takeLocal': Request<readonly LeaseRequest[], readonly LeaseGrant[]>;
  'leases.return': Cast<readonly LeaseReturn[]>;
  'leases.recall': Push<string>;

  'snapshots.read': Request<null, PackedSnapshot | null>;
  'snapshots.publish': Request<PackedSnapshot, PublishOutcome | 'no-catalog'>;
  'snapshots.newest': Push<PackedSnapshot>;

  'election.campaign': Request<{ readonly ttlMs: number; readonly newestToken: number }, Lead>;
  'election.resign': Request<null, null>;

  'ejections.eject': Request<Ejection, boolean>;
  'ejections.readmit': Request<Readmission, boolean>;
  'ejections.ejected': Push<Ejection>;
  'ejections.readmitted': Push<Readmission>;
  'ejections.acquireProbe': Request<{ readonly endpointKey: string; readonly ttlMs: number }, boolean>;

  'load.changes': Cast<LoadChanges>;
  'load.others': Push<LoadChanges>;

  'sessions.place': Cast<readonly SessionPlacement[]>;
  'sessions.placed': Push<readonly SessionPlacement[]>;

  'statistics.report': Cast<WorkerStatistics>;
  'statistics.read': Request<{ readonly deadlineMs: number }, StatisticsReading>;
  'statistics.own': Query<null, WorkerStatistics | null>;

  'directory.readInstances': Request<null, readonly LiveInstance[]>;
  'directory.peers': Push<Peers>;

  'ask.ask': Request<{ readonly question: Question; readonly deadlineMs: number }, Replies>;
  'ask.question': Query<Question, unknown>;

  'events.publish': Cast<ClusterEvent>;
  'events.recent': Request<null, readonly ClusterEvent[]>;
  'events.event': Push<ClusterEvent>;

  'control.read': Request<null, Control>;
  'control.change': Request<ControlChange, Control>;
  'control.newest': Push<Control>;

  'health.changed': Push<StateHealth>;

  /** Versions that the member has, so that the hub sends the newer ones that it has missed. */
  heartbeat: Request<{ readonly version: SnapshotVersion; readonly controlRevision: number }, null>;
  leave: Request<null, null>;
}

type NamesSent<Sent extends string> = {
  [Name in keyof Operations]: Operations[Name]['sent'] extends Sent ? Name : never;
}[keyof Operations];

export type RequestName = NamesSent<'request'>;
export type CastName = NamesSent<'cast'>;
export type PushName = NamesSent<'push'>;
export type QueryName = NamesSent<'query'>;

export type BodyOf<Name extends keyof Operations> = Operations[Name]['body'];
export type ReplyOf<Name extends RequestName | QueryName> = Operations[Name]['reply'];

type Awaitable<T> = T | Promise<T>;

/** Handles each operation of a direction with a reply; `from` is the receiver's record of the sender. */
export type Repliers<Names extends RequestName | QueryName, From extends readonly unknown[] = []> = {
  readonly [Name in Names]: (body: BodyOf<Name>, ...from: From) => Awaitable<ReplyOf<Name>>;
};

/** Handles each operation of a direction without reply. */
export type Receivers<Names extends CastName | PushName, From extends readonly unknown[] = []> = {
  readonly [Name in Names]: (body: BodyOf<Name>, ...from: From) => void;
};
