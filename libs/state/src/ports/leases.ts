import type { Unsubscribe } from './unsubscribe.ts';

/** How long a request waits for tokens that other workers hold unspent. */
export const STRANDED_WAIT_MS = 150;

/**
 * Tokens of the rate limits. What is granted to all processes of all hosts never exceeds rate × time + capacity in
 * any window.
 */
export interface LeasePort {
  /**
   * Takes tokens of several limits in one message: every `need` in whole, which is then spent, or nothing of any
   * key, so that a refusal by one limit costs nothing in the others. Each key may stand in it once. Where a key is
   * short while others hold leases of it, the grant says so (`stranded`), and the holders are told to return what they
   * have (`onRecall`): the caller tries again, for up to STRANDED_WAIT_MS, before it refuses.
   *
   * @param deadlineMs after it the promise rejects with STATE_TIMEOUT; what was granted meanwhile counts as spent
   */
  take(requests: readonly LeaseRequest[], deadlineMs: number): Promise<readonly LeaseGrant[]>;
  /**
   * While the store is away: tokens of this host's share (limit ÷ known gateways, never below 1), from the memory of
   * the host's primary. Same contract as `take`, but without spare tokens. The share starts with its part of the
   * `level` that the request names.
   */
  takeLocal(requests: readonly LeaseRequest[], deadlineMs: number): Promise<readonly LeaseGrant[]>;
  /** Gives unspent tokens back and reports spent ones. Lost while the store is away: they then count as spent. */
  returnLeases(returns: readonly LeaseReturn[]): void;
  /** Calls when another process is short of a key's tokens: return the lease of that key at once. */
  onRecall(listener: (key: string) => void): Unsubscribe;
}

export interface LeaseRequest {
  /** Names the bucket: `global`, `ip:203.0.113.7`, `health:203.0.113.7`. */
  readonly key: string;
  /** Tokens that come back in a minute, above 0. */
  readonly ratePerMinute: number;
  /** Most tokens that the bucket holds, at least 1. */
  readonly capacity: number;
  /** Requests waiting for a token right now: these are granted first. */
  readonly need: number;
  /** Tokens beyond `need` to hold for later requests; the store caps them. */
  readonly spare: number;
  /** Only for `takeLocal`: tokens that the cluster's bucket had, as far as the worker knows. */
  readonly level?: number;
}

export interface LeaseGrant {
  readonly key: string;
  /** `need` and up to `spare` more, which are on lease; or 0. */
  readonly granted: number;
  /**
   * Names the lease of the tokens beyond `need`; empty if there are none. It expires `expiresInMs` after the request
   * was sent. A grant under the same id adds to the lease, one under another id means that the earlier lease expired.
   */
  readonly leaseId: string;
  readonly expiresInMs: number;
  /** Tokens left in the bucket after this grant. */
  readonly remaining: number;
  /** Tokens that other processes have on lease and may still bring back. */
  readonly stranded: number;
  /** Until one token more is due if this key was short, else 0. */
  readonly retryAfterMs: number;
  /** Until the bucket is full again. */
  readonly resetMs: number;
}

export interface LeaseReturn {
  readonly key: string;
  readonly leaseId: string;
  /** Tokens of the lease that were used; they are gone. */
  readonly spent: number;
  /** Tokens given back. */
  readonly unspent: number;
}
