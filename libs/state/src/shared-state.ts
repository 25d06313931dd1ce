import type { Instance } from '@olla/core/instance';
import type { AskPort } from './ports/ask.ts';
import type { ControlPort } from './ports/control.ts';
import type { DirectoryPort } from './ports/directory.ts';
import type { EjectionPort } from './ports/ejections.ts';
import type { ElectionPort } from './ports/election.ts';
import type { EventPort } from './ports/events.ts';
import type { HealthPort } from './ports/health.ts';
import type { LeasePort } from './ports/leases.ts';
import type { LoadPort } from './ports/load.ts';
import type { SessionPort } from './ports/sessions.ts';
import type { SnapshotPort } from './ports/snapshots.ts';
import type { StatisticsPort } from './ports/statistics.ts';

/**
 * The shared state of a cluster: the data that workers, primaries and agents of all hosts exchange, by subject. Two
 * adapters implement it: memory (held by one primary, reached over IPC) and Redis. Both pass the same conformance
 * suite. A consumer takes only the ports it uses.
 *
 * Contract of every method that returns a promise: it settles within its deadline (COMMAND_TIMEOUT_MS where none is
 * given), and rejects with a StateError when the store cannot be reached or does not answer. Methods that return
 * void never throw and never wait; each documents whether its data is kept while the store is unreachable.
 *
 * Listeners are called in the order of arrival, never from inside the call that registers them, and a listener that
 * throws does not affect others. The calls of a process reach its hub in their order: when a promise is resolved, every
 * subscription that was made before its call is in force. Only leases bypass the hub where the store is Redis.
 */
export interface SharedState {
  readonly kind: StateKind;
  /** This process's identity, as given at connect. */
  readonly self: Instance;
  readonly leases: LeasePort;
  readonly snapshots: SnapshotPort;
  readonly election: ElectionPort;
  readonly ejections: EjectionPort;
  readonly load: LoadPort;
  readonly sessions: SessionPort;
  readonly statistics: StatisticsPort;
  readonly directory: DirectoryPort;
  readonly ask: AskPort;
  readonly events: EventPort;
  readonly control: ControlPort;
  readonly health: HealthPort;
  /** Returns leases, resigns the lead and leaves the hub. Settles within a second even if the store is unreachable. */
  close(): Promise<void>;
}

export type StateKind = 'memory' | 'redis';

/** Deadline of a command for which the caller gives none. */
export const COMMAND_TIMEOUT_MS = 2_000;
