import type { Snapshot, SnapshotVersion } from '@olla/core/snapshot';
import type { Unsubscribe } from './unsubscribe.ts';

/** From before any snapshot was made. */
export const NO_VERSION: SnapshotVersion = { token: 0, n: 0 };

export type PublishOutcome = 'published' | 'fenced';

/** What the leading agent sees of all endpoints and their models. */
export interface SnapshotPort {
  /** The newest snapshot, or null before the first; while the store is away, the newest that this host knows. */
  read(): Promise<Snapshot | null>;
  /**
   * Stores and announces, unless a newer version is there already: then `fenced`, and nothing changes. While the
   * store is away, a gateway's agent announces to its own host; the store has it later if its lead is still the newest.
   */
  publish(snapshot: Snapshot): Promise<PublishOutcome>;
  /** Calls for each newer snapshot, pushed on change and re-read every few seconds so that a lost message heals. */
  onSnapshot(listener: (snapshot: Snapshot) => void): Unsubscribe;
}
