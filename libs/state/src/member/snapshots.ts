import { compareVersions, type Snapshot, type SnapshotVersion } from '@olla/core/snapshot';
import { Listeners } from '../listeners.ts';
import { NO_VERSION, type PublishOutcome, type SnapshotPort } from '../ports/snapshots.ts';
import type { Unsubscribe } from '../ports/unsubscribe.ts';
import { catalogIdOf, packSnapshot, Unpacker, type PackedSnapshot } from '../protocol/packed-snapshot.ts';
import { StateError } from '../state-error.ts';
import type { HubLink } from './hub-link.ts';

export class MemberSnapshots implements SnapshotPort {
  readonly #link: HubLink;
  readonly #listeners = new Listeners<Snapshot>();
  readonly #unpacker = new Unpacker();
  #newest = NO_VERSION;
  /** Id of the catalog that the hub has from this process. */
  #hubCatalog: string | null = null;

  constructor(link: HubLink) {
    this.#link = link;
  }

  /** Version of the newest snapshot that was pushed. */
  get newest(): SnapshotVersion {
    return this.#newest;
  }

  async read(): Promise<Snapshot | null> {
    const packed = await this.#link.request('snapshots.read', null);
    if (packed === null) return null;
    const snapshot = this.#unpacker.unpack(packed);
    if (snapshot === null) throw new StateError('STATE_PROTOCOL', 'a snapshot came without its catalog');
    return snapshot;
  }

  async publish(snapshot: Snapshot): Promise<PublishOutcome> {
    let outcome = await this.#link.request('snapshots.publish', packSnapshot(snapshot, this.#hubCatalog));
    if (outcome === 'no-catalog')
      outcome = await this.#link.request('snapshots.publish', packSnapshot(snapshot, null));
    if (outcome === 'no-catalog')
      throw new StateError('STATE_PROTOCOL', 'the hub lost the catalog that was just sent');
    if (outcome === 'published') this.#hubCatalog = catalogIdOf(snapshot);
    return outcome;
  }

  onSnapshot(listener: (snapshot: Snapshot) => void): Unsubscribe {
    return this.#link.listen('snapshots.newest', this.#listeners, listener);
  }

  receive(packed: PackedSnapshot): void {
    const snapshot = this.#unpacker.unpack(packed);
    // A snapshot without its catalog cannot be used. The hub sends it again after the next heartbeat.
    if (snapshot === null || compareVersions(snapshot.version, this.#newest) <= 0) return;
    this.#newest = snapshot.version;
    this.#listeners.call(snapshot);
  }
}
