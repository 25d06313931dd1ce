import type { Snapshot, SnapshotVersion } from '@olla/core/snapshot';
import type { Unsubscribe } from './unsubscribe.ts';

/** Version before the first snapshot. */
export const NO_VERSION: SnapshotVersion = { token: 0, n: 0 };

export type PublishOutcome = 'published' | 'fenced';

/** The leading agent's snapshots of all endpoints and their models. */
export interface SnapshotPort {
  /** The newest snapshot, or null before the first; while the store is unreachable, the newest one of this host. */
  read(): Promise<Snapshot | null>;
  /**
   * Stores and publishes a snapshot. If the store has a newer version already, the outcome is `fenced` and nothing
   * changes. While the store is unreachable, only this host receives it; the store does later, if its lead is still the
   * newest.
   */
  publish(snapshot: Snapshot): Promise<PublishOutcome>;
  /** Calls for each newer snapshot: pushed on change, and read again every few seconds in case a message was lost. */
  onSnapshot(listener: (snapshot: Snapshot) => void): Unsubscribe;
}
