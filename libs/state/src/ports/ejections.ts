import type { Unsubscribe } from './unsubscribe.ts';

/**
 * Which endpoints failed in traffic. Every process of the cluster knows the same: the first ejection of an
 * endpoint stands for all until it is re-admitted, and a process that starts later is told of it.
 */
export interface EjectionPort {
  /**
   * Ejects an endpoint for all workers and agents of all hosts; while the store is away, for those of this host.
   *
   * @returns whether this process decided it: the caller then logs it. False if the endpoint is ejected already
   */
  eject(ejection: Ejection): Promise<boolean>;
  /**
   * Ends an ejection for all of them.
   *
   * @returns whether this process decided it: the caller then logs it. False if that ejection is over already
   */
  readmit(readmission: Readmission): Promise<boolean>;
  /**
   * Calls for every ejection that stands, and from then on for every new one, this process's own included. Where two
   * hosts ejected one endpoint at the same time, it calls again with the one that stands.
   */
  onEjection(listener: (ejection: Ejection) => void): Unsubscribe;
  /**
   * Calls for the last re-admission of every endpoint that is not ejected, and from then on for every new one, this
   * process's own included.
   */
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
  /** Epoch milliseconds of that instance. */
  readonly at: number;
}

export interface Readmission {
  readonly endpointKey: string;
  readonly endpoint: string;
  /** `at` of the ejection that is over. */
  readonly ejectedAt: number;
  /** Why, for people: `a health check passed`. */
  readonly reason: string;
  /** Instance that re-admitted it. */
  readonly by: string;
  /** Epoch milliseconds of that instance. */
  readonly at: number;
}
