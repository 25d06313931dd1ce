import { compareVersions, type Snapshot, type SnapshotVersion } from '@olla/core/snapshot';
import { NO_VERSION, type PublishOutcome } from '../ports/snapshots.ts';
import type { SnapshotStore, StoreSink } from '../store.ts';
import { isUnavailable } from './connection.ts';
import type { RedisLead } from './redis-lead.ts';
import type { SnapshotRecord } from './snapshot-record.ts';

export interface RedisSnapshotsOptions {
  readonly record: SnapshotRecord;
  readonly lead: RedisLead;
  readonly sink: Pick<StoreSink, 'snapshot'>;
  /** Whether an agent may lead this host alone while Redis is unreachable. */
  readonly isAutonomous: boolean;
}

/** The newest snapshot of a cluster; while Redis is unreachable, of this host. */
export class RedisSnapshots implements SnapshotStore {
  readonly #options: RedisSnapshotsOptions;
  /** The cluster's newest snapshot; the hub may have a newer one of this host alone. */
  #newest: Snapshot | null = null;

  constructor(options: RedisSnapshotsOptions) {
    this.#options = options;
  }

  /** Version of the cluster's newest snapshot that this host knows. */
  get version(): SnapshotVersion {
    return this.#newest?.version ?? NO_VERSION;
  }

  read(): Promise<Snapshot | null> {
    return this.#options.record.read();
  }

  async publish(snapshot: Snapshot): Promise<PublishOutcome> {
    const { record, lead, sink, isAutonomous } = this.#options;
    if (this.#isOld(snapshot)) return 'fenced';
    if (lead.isLocal(snapshot.version.token)) {
      sink.snapshot(snapshot);
      return 'published';
    }
    try {
      if ((await record.publish(snapshot)) === 'fenced') return 'fenced';
    } catch (error) {
      if (!isAutonomous || !isUnavailable(error)) throw error;
      // The leader's own host uses it meanwhile. When Redis is back, it is stored there unless another agent leads by
      // then.
      if (this.#isOld(snapshot)) return 'fenced';
    }
    this.#receive(snapshot);
    return 'published';
  }

  /** Copies the newer snapshot to the side that has the older one. */
  async reconcile(): Promise<void> {
    const { record } = this.#options;
    const stored = await record.read();
    if (stored !== null && !this.#isOld(stored)) this.#receive(stored);
    else if (this.#newest !== null) await record.publish(this.#newest);
  }

  /** Sends the whole snapshot next time, because Redis may have been emptied. */
  forgetStored(): void {
    this.#options.record.forgetStored();
  }

  #isOld({ version }: Snapshot): boolean {
    return compareVersions(version, this.version) < 0;
  }

  #receive(snapshot: Snapshot): void {
    if (compareVersions(snapshot.version, this.version) <= 0) return;
    this.#newest = snapshot;
    this.#options.sink.snapshot(snapshot);
  }
}
