import { compareVersions, type Snapshot } from '@olla/core/snapshot';
import type { PublishOutcome } from '../ports/snapshots.ts';
import type { SnapshotStore, StoreSink } from '../store.ts';
import type { MemoryElection } from './memory-election.ts';

export class MemorySnapshots implements SnapshotStore {
  readonly #sink: Pick<StoreSink, 'snapshot'>;
  readonly #election: Pick<MemoryElection, 'token'>;
  #newest: Snapshot | null = null;

  constructor(sink: Pick<StoreSink, 'snapshot'>, election: Pick<MemoryElection, 'token'>) {
    this.#sink = sink;
    this.#election = election;
  }

  read(): Snapshot | null {
    return this.#newest;
  }

  publish(snapshot: Snapshot): PublishOutcome {
    if (snapshot.version.token < this.#election.token) return 'fenced';
    if (this.#newest !== null) {
      const order = compareVersions(snapshot.version, this.#newest.version);
      if (order < 0) return 'fenced';
      // An equal version is a retry after a lost reply.
      if (order === 0) return 'published';
    }
    this.#newest = snapshot;
    this.#sink.snapshot(snapshot);
    return 'published';
  }
}
