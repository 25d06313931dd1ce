import type { Unsubscribe } from './unsubscribe.ts';

/** Which endpoints failed in traffic, as the processes tell each other, and who may try one of them again. */
export interface EjectionPort {
  /** Tells all workers and agents of all hosts that an endpoint failed in traffic. Lost while the store is away. */
  report(ejection: Ejection): void;
  /** Tells all workers and agents of all hosts that an ejected endpoint serves again. Lost while the store is away. */
  readmit(readmission: Readmission): void;
  /** Calls for every ejection of the cluster, this process's own included. */
  onEjection(listener: (ejection: Ejection) => void): Unsubscribe;
  /** Calls for every re-admission of the cluster, this process's own included. */
  onReadmission(listener: (readmission: Readmission) => void): Unsubscribe;
  /**
   * Permission to try an ejected endpoint with one request: granted to one process of the cluster at a time for
   * `ttlMs`, after which one other may have it. While the store is away, to one process of this host.
   */
  acquireProbe(endpointKey: string, ttlMs: number): Promise<boolean>;
}

export interface Ejection {
  readonly endpointKey: string;
  readonly endpoint: string;
  /** What failed: an endpoint whose responses fail is not re-admitted by a health check alone. */
  readonly cause?: 'connection' | 'status';
  /** Why, for people: `connection refused`, `5 of the last 8 requests failed (500)`. */
  readonly reason: string;
  /** Instance that met the failure. */
  readonly by: string;
  /** Epoch milliseconds of the reporter. */
  readonly at: number;
}

export interface Readmission {
  readonly endpointKey: string;
  readonly endpoint: string;
  /** Why, for people: `a health check passed`. */
  readonly reason: string;
  /** Instance that re-admitted it. */
  readonly by: string;
  /** Epoch milliseconds of the reporter. */
  readonly at: number;
}
