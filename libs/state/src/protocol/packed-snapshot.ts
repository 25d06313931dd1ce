import type { Snapshot } from '@olla/core/snapshot';

/** A snapshot in a message. The catalog, which is large and seldom changes, is included if the receiver lacks it. */
export interface PackedSnapshot {
  readonly head: Omit<Snapshot, 'catalog'>;
  readonly catalogId: string;
  readonly catalog: Snapshot['catalog'] | null;
}

/** Each leader counts revisions by itself, so the leader's token is part of the id. */
export function catalogIdOf(snapshot: Snapshot): string {
  return `${snapshot.version.token}:${snapshot.catalog.revision}`;
}

export function packSnapshot(snapshot: Snapshot, receiverHas: string | null): PackedSnapshot {
  const { catalog, ...head } = snapshot;
  const catalogId = catalogIdOf(snapshot);
  return { head, catalogId, catalog: receiverHas === catalogId ? null : catalog };
}

/** Unpacks snapshots, with the last catalog kept for those that come without one. */
export class Unpacker {
  #id: string | null = null;
  #catalog: Snapshot['catalog'] | null = null;

  /** @returns null if the catalog it refers to is missing */
  unpack(packed: PackedSnapshot): Snapshot | null {
    if (packed.catalog !== null) {
      this.#id = packed.catalogId;
      this.#catalog = packed.catalog;
    }
    if (this.#catalog === null || this.#id !== packed.catalogId) return null;
    return { ...packed.head, catalog: this.#catalog };
  }
}
