import type { Unsubscribe } from './unsubscribe.ts';

/** How long a request waits for tokens that other workers hold unspent. */
export const STRANDED_WAIT_MS = 150;

/**
 * Tokens of the rate limits. All grants to all processes of all hosts never exceed rate × time + capacity in any
 * window.
 */
export interface LeasePort {
  /**
   * Takes tokens of several limits in one message. Either every `need` is granted and spent, or no token of any key is
   * taken, so that a refusal by one limit costs nothing in the others. Each key may occur once. If a key is short while
   * others hold leases of it, the grant reports their tokens (`stranded`), and the holders are asked to return them
   * (`onRecall`): the caller tries again, for up to STRANDED_WAIT_MS, before it refuses.
   *
   * @param deadlineMs after it the promise rejects with STATE_TIMEOUT, and a late grant counts as spent
   */
  take(requests: readonly LeaseRequest[], deadlineMs: number): Promise<readonly LeaseGrant[]>;
  /**
   * Takes tokens of this host's share while the store is unreachable: limit ÷ known gateways, never below 1, from the
   * memory of the host's primary. Its contract is that of `take`, but without spare tokens. The share starts with its
   * part of the `level` that the request names.
   */
  takeLocal(requests: readonly LeaseRequest[], deadlineMs: number): Promise<readonly LeaseGrant[]>;
  /** Returns unspent tokens and reports spent ones. While the store is unreachable, all of them count as spent. */
  returnLeases(returns: readonly LeaseReturn[]): void;
  /** Calls when another process is short of a key's tokens: the listener returns its lease of that key at once. */
  onRecall(listener: (key: string) => void): Unsubscribe;
}

export interface LeaseRequest {
  /** Names the bucket: `global`, `ip:203.0.113.7`, `health:203.0.113.7`. */
  readonly key: string;
  /** Tokens refilled in a minute, above 0. */
  readonly ratePerMinute: number;
  /** Most tokens that the bucket holds, at least 1. */
  readonly capacity: number;
  /** Number of requests that wait for a token now; these are granted first. */
  readonly need: number;
  /** Tokens beyond `need` to hold for later requests; the store caps them. */
  readonly spare: number;
  /** Only for `takeLocal`: the last level of the cluster's bucket that the worker knows. */
  readonly level?: number;
}

export interface LeaseGrant {
  readonly key: string;
  /** `need` and up to `spare` more, which are leased; or 0. */
  readonly granted: number;
  /**
   * Id of the lease of the tokens beyond `need`; empty if there are none. It expires `expiresInMs` after the request
   * was sent. A grant with the same id adds to the lease; one with another id means that the earlier lease has expired.
   */
  readonly leaseId: string;
  readonly expiresInMs: number;
  /** Tokens left in the bucket after this grant. */
  readonly remaining: number;
  /** Tokens that other processes have leased and may still return. */
  readonly stranded: number;
  /** Time until one more token is due if this key was short, else 0. */
  readonly retryAfterMs: number;
  /** Time until the bucket is full again. */
  readonly resetMs: number;
}

export interface LeaseReturn {
  readonly key: string;
  readonly leaseId: string;
  /** Tokens of the lease that were spent. */
  readonly spent: number;
  /** Tokens that are returned. */
  readonly unspent: number;
}
