import type { Instance } from '@olla/core/instance';

/** A process without a heartbeat for this long counts as dead. */
export const INSTANCE_TTL_MS = 5_000;

/** The processes of the cluster. The adapter sends their heartbeats. */
export interface DirectoryPort {
  /** The last known number of gateways and workers, each at least 1. */
  peers(): Peers;
  /** All processes whose heartbeat is younger than INSTANCE_TTL_MS. */
  readInstances(): Promise<readonly LiveInstance[]>;
}

export interface Peers {
  readonly gateways: number;
  readonly workers: number;
}

export interface LiveInstance extends Instance {
  /** Milliseconds since its last heartbeat. */
  readonly ageMs: number;
  readonly leading: boolean;
}
