import type { Snapshot } from '@olla/core/snapshot';
import type { PublishOutcome } from '../ports/snapshots.ts';
import { packSnapshot, Unpacker, type PackedSnapshot } from '../protocol/packed-snapshot.ts';
import { StateError } from '../state-error.ts';
import type { RedisConnection } from './connection.ts';
import type { Keys } from './keys.ts';
import { PUBLISH_SNAPSHOT, READ_SNAPSHOT } from './scripts.ts';

/** Two of them fit into an agent's deadline for its hub. */
const DEADLINE_MS = 900;

/** The snapshot in Redis. Its catalog, which is large and seldom changes, is sent and read only if missing. */
export class SnapshotRecord {
  readonly #connection: RedisConnection;
  readonly #keys: Keys;
  readonly #textOf: (snapshot: Snapshot) => string;
  readonly #unpacker = new Unpacker();
  /** The catalog that this host has, and the one that Redis certainly has. */
  #knownCatalog = '';
  #storedCatalog: string | null = null;

  /** @param textOf the text of the message that announces a snapshot to other hubs */
  constructor(connection: RedisConnection, keys: Keys, textOf: (snapshot: Snapshot) => string) {
    this.#connection = connection;
    this.#keys = keys;
    this.#textOf = textOf;
  }

  /** Sends the catalog next time, because Redis may have been emptied. */
  forgetStored(): void {
    this.#storedCatalog = null;
  }

  async read(): Promise<Snapshot | null> {
    const keys = [this.#keys.snapshot, this.#keys.catalog];
    const args = [this.#knownCatalog];
    const stored = await this.#connection.runScript(READ_SNAPSHOT, { deadlineMs: DEADLINE_MS, keys, args });
    if (stored.length === 0) return null;
    const [head, catalogId, catalog] = stored;
    const snapshot = this.#unpacker.unpack({
      head: JSON.parse(head),
      catalogId,
      catalog: catalog === '' ? null : JSON.parse(catalog),
    });
    if (snapshot === null) throw new StateError('STATE_PROTOCOL', 'the snapshot in Redis has no catalog');
    this.#knownCatalog = catalogId;
    return snapshot;
  }

  async publish(snapshot: Snapshot): Promise<PublishOutcome> {
    const message = this.#textOf(snapshot);
    let outcome = await this.#send(packSnapshot(snapshot, this.#storedCatalog), message);
    if (outcome === 'no-catalog') outcome = await this.#send(packSnapshot(snapshot, null), message);
    return outcome === 'fenced' ? 'fenced' : 'published';
  }

  async #send(
    { head, catalogId, catalog }: PackedSnapshot,
    message: string,
  ): Promise<PublishOutcome | 'no-catalog'> {
    const { token, n } = head.version;
    const json = catalog === null ? '' : JSON.stringify(catalog);
    const outcome = await this.#connection.runScript(PUBLISH_SNAPSHOT, {
      deadlineMs: DEADLINE_MS,
      keys: [this.#keys.snapshot, this.#keys.catalog, this.#keys.lead],
      args: [token, n, JSON.stringify(head), catalogId, json, this.#keys.all, message],
    });
    if (outcome === 'published') this.#storedCatalog = catalogId;
    return outcome;
  }
}
