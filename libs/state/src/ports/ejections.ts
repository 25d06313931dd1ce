import type { Unsubscribe } from './unsubscribe.ts';

/**
 * The endpoints that failed in traffic. All processes of the cluster share them: the first ejection of an endpoint is
 * in force for all until the endpoint is re-admitted, and a process that starts later receives it.
 */
export interface EjectionPort {
  /**
   * Ejects an endpoint for all workers and agents of all hosts; while the store is unreachable, of this host only.
   *
   * @returns whether this process decided it, so that the caller logs it; false if the endpoint is ejected already
   */
  eject(ejection: Ejection): Promise<boolean>;
  /**
   * Ends an ejection for all these processes.
   *
   * @returns whether this process decided it, so that the caller logs it; false if that ejection is over already
   */
  readmit(readmission: Readmission): Promise<boolean>;
  /**
   * Calls for every ejection in force, and for every new one, this process's own included. If two hosts ejected one
   * endpoint at the same time, it calls again with the one that is in force.
   */
  onEjection(listener: (ejection: Ejection) => void): Unsubscribe;
  /**
   * Calls for the last re-admission of every endpoint that is not ejected, and for every new one, this process's own
   * included.
   */
  onReadmission(listener: (readmission: Readmission) => void): Unsubscribe;
  /**
   * Acquires the permit to send one request to an ejected endpoint. One process of the cluster holds it at a time, for
   * `ttlMs`; while the store is unreachable, one process of each host.
   */
  acquireProbe(endpointKey: string, ttlMs: number): Promise<boolean>;
}

export interface Ejection {
  readonly endpointKey: string;
  readonly endpoint: string;
  /** The kind of failure: an endpoint whose responses fail is not re-admitted by a health check alone. */
  readonly cause?: 'connection' | 'status';
  /** For people: `connection refused`, `5 of the last 8 requests failed (500)`. */
  readonly reason: string;
  /** Instance that detected the failure. */
  readonly by: string;
  /** Epoch milliseconds by that instance's clock. */
  readonly at: number;
}

export interface Readmission {
  readonly endpointKey: string;
  readonly endpoint: string;
  /** `at` of the ejection that this ends. */
  readonly ejectedAt: number;
  /** For people: `a health check passed`. */
  readonly reason: string;
  /** Instance that re-admitted it. */
  readonly by: string;
  /** Epoch milliseconds by that instance's clock. */
  readonly at: number;
}
