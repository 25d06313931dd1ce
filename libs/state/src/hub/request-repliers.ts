import { compareVersions } from '@olla/core/snapshot';
import type { Replies } from '../ports/ask.ts';
import type { Control } from '../ports/control.ts';
import type { LiveInstance } from '../ports/directory.ts';
import type { StatisticsReading } from '../ports/statistics.ts';
import type { BodyOf, Repliers, RequestName } from '../protocol/operations.ts';
import { packSnapshot, Unpacker, type PackedSnapshot } from '../protocol/packed-snapshot.ts';
import type { Store } from '../store.ts';
import type { HostState } from './host-state.ts';
import type { LocalShares } from './local-shares.ts';
import type { Member } from './member.ts';
import { readMemberStatistics } from './member-queries.ts';

export interface RequestReplierOptions {
  readonly host: HostState;
  readonly store: Store;
  readonly localShares: LocalShares;
  /** Called when a member leaves. */
  readonly leave: (member: Member) => void;
}

/** Handles the members' requests. */
export function requestRepliers(options: RequestReplierOptions): Repliers<RequestName, [Member]> {
  const { host, store, localShares, leave } = options;
  // Only one agent leads at a time, so one catalog is enough to keep.
  const unpacker = new Unpacker();
  return {
    'leases.take': (requests, member) => store.leases.take(member.instance.id, requests),
    'leases.takeLocal': (requests, member) =>
      localShares.take(member.instance.id, requests, host.peers().gateways),
    'snapshots.read': (_, member) => readSnapshot(host, store, member),
    'snapshots.publish'(packed) {
      const snapshot = unpacker.unpack(packed);
      return snapshot === null ? 'no-catalog' : store.snapshots.publish(snapshot);
    },
    'election.campaign': ({ ttlMs, newestToken }, member) =>
      store.election.campaign(member.instance, ttlMs, newestToken),
    async 'election.resign'(_, member) {
      await store.election.resign(member.instance.id);
      return null;
    },
    'ejections.eject': (ejection) => store.ejections.eject(ejection),
    'ejections.readmit': (readmission) => store.ejections.readmit(readmission),
    'ejections.acquireProbe': ({ endpointKey, ttlMs }) => store.ejections.acquireProbe(endpointKey, ttlMs),
    'statistics.read': ({ deadlineMs }) => readStatistics(host, store, deadlineMs),
    'directory.readInstances': () => readInstances(host, store),
    'ask.ask': (body) => ask(host, store, body),
    'events.recent': () => store.events.recent(),
    'control.read': () => readControl(host, store),
    'control.change': (change) => store.control.change(change),
    heartbeat(has, member) {
      heal(host, member, has);
      return null;
    },
    leave(_, member) {
      leave(member);
      return null;
    },
  };
}

/** Reads the newer snapshot of store and hub: a worker that starts while the store is unreachable needs one too. */
async function readSnapshot(host: HostState, store: Store, member: Member): Promise<PackedSnapshot | null> {
  const known = host.newestSnapshot;
  let snapshot = known;
  try {
    const stored = await store.snapshots.read();
    const isNewer = stored !== null && (known === null || compareVersions(stored.version, known.version) > 0);
    if (isNewer) snapshot = stored;
  } catch (error) {
    if (known === null) throw error;
  }
  if (snapshot === null) return null;
  const packed = packSnapshot(snapshot, member.catalogId);
  member.catalogId = packed.catalogId;
  return packed;
}

async function readControl(host: HostState, store: Store): Promise<Control> {
  try {
    return await store.control.read();
  } catch (error) {
    const known = host.knownControl;
    if (known === null) throw error;
    return known;
  }
}

async function readStatistics(host: HostState, store: Store, deadlineMs: number): Promise<StatisticsReading> {
  const [local, remote] = await Promise.all([
    readMemberStatistics(host.members(), deadlineMs),
    store.otherHosts.readStatistics(deadlineMs),
  ]);
  return {
    workers: [...local.workers, ...host.ended.all(), ...remote.workers],
    missing: [...local.missing, ...remote.missing],
  };
}

function readInstances(host: HostState, store: Store): LiveInstance[] {
  const leader = store.election.leader();
  const nowMs = performance.now();
  const local = host
    .members()
    .filter((member) => host.isAlive(member))
    .map(({ instance, lastSeenMs }) => ({
      ...instance,
      ageMs: Math.round(nowMs - lastSeenMs),
      leading: instance.id === leader,
    }));
  return [...local, ...store.otherHosts.instances()];
}

async function ask(
  host: HostState,
  store: Store,
  { question, deadlineMs }: BodyOf<'ask.ask'>,
): Promise<Replies> {
  const [local, remote] = await Promise.all([
    host.ask(question, deadlineMs),
    store.otherHosts.ask(question, deadlineMs),
  ]);
  return {
    replies: [...local.replies, ...remote.replies],
    missing: [...local.missing, ...remote.missing],
  };
}

/** Sends the pushes that a member has missed. */
function heal(host: HostState, member: Member, has: BodyOf<'heartbeat'>): void {
  const newest = host.newestSnapshot;
  if (newest !== null && compareVersions(has.version, newest.version) < 0) {
    member.catalogId = null;
    host.sendNewest(member, 'snapshots.newest');
  }
  const control = host.knownControl;
  if (control !== null && has.controlRevision < control.revision) host.sendNewest(member, 'control.newest');
}
