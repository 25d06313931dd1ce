import { compareVersions, type Snapshot, type SnapshotVersion } from '@olla/core/snapshot';
import { NO_VERSION, type PublishOutcome } from '../ports/snapshots.ts';
import type { SnapshotStore, StoreSink } from '../store.ts';
import { isAway } from './connection.ts';
import type { RedisLead } from './redis-lead.ts';
import type { SnapshotRecord } from './snapshot-record.ts';

export interface RedisSnapshotsOptions {
  readonly record: SnapshotRecord;
  readonly lead: RedisLead;
  readonly sink: Pick<StoreSink, 'snapshot'>;
  /** Whether this host goes on by itself while Redis is away. */
  readonly isAutonomous: boolean;
}

/** The newest snapshot of a cluster, and while Redis is away of this host. */
export class RedisSnapshots implements SnapshotStore {
  readonly #options: RedisSnapshotsOptions;
  /** Of the cluster; the hub may have a newer one of this host alone. */
  #newest: Snapshot | null = null;

  constructor(options: RedisSnapshotsOptions) {
    this.#options = options;
  }

  /** Of the newest that this host knows of the cluster. */
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
      if (!isAutonomous || !isAway(error)) throw error;
      // The leader's own host goes on with it; when Redis is back it has it too, unless another leads by then.
      if (this.#isOld(snapshot)) return 'fenced';
    }
    this.#learn(snapshot);
    return 'published';
  }

  /** Brings this host and Redis to the newer of what each has. */
  async reconcile(): Promise<void> {
    const { record } = this.#options;
    const stored = await record.read();
    if (stored !== null && !this.#isOld(stored)) this.#learn(stored);
    else if (this.#newest !== null) await record.publish(this.#newest);
  }

  /** Redis may have been emptied. */
  forgetStored(): void {
    this.#options.record.forgetStored();
  }

  #isOld({ version }: Snapshot): boolean {
    return compareVersions(version, this.version) < 0;
  }

  #learn(snapshot: Snapshot): void {
    if (compareVersions(snapshot.version, this.version) <= 0) return;
    this.#newest = snapshot;
    this.#options.sink.snapshot(snapshot);
  }
}
