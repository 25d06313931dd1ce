import type { Instance } from '@olla/core/instance';

/** After how long without heartbeat a process counts as dead. */
export const INSTANCE_TTL_MS = 5_000;

/** Which processes the cluster has. The adapter sends the heartbeats itself. */
export interface DirectoryPort {
  /** How many processes there are, as last known; each at least 1. */
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
