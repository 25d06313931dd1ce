import type { Bucket } from '../bucket.ts';
import type { LeaseGrant } from '../ports/leases.ts';

/** Half of the 100 ms in which spent tokens are counted; the count bounds the spare tokens of a request. */
const WINDOW_MS = 50;
/** A reserved token must stay valid this long, while its request waits for other limits. */
const MARGIN_MS = 250;
/** How long a refusal by this host alone is cached. */
const HOST_REFUSAL_MS = 300;

export interface GrantContext {
  /** Requests that wait for a token of the key. */
  readonly need: number;
  readonly requestedAtMs: number;
  readonly nowMs: number;
  /** Whether the figures are those of the cluster's bucket rather than of this host's share. */
  readonly isOfStore: boolean;
}

/** A worker's state of one limit's key: the tokens it holds, and the last grant of the store. */
export class KeyEntry {
  readonly key: string;
  /** Leased tokens that are not spent. */
  tokens = 0;
  leaseId = '';
  /** Spent tokens of the lease that are not reported yet. */
  unreported = 0;
  /** Whether a message is under way, or waits for tokens that others return. */
  busy = false;
  /** Requests that wait for that message. */
  waiting = 0;
  /** Earliest time at which the bucket can have a token. */
  noUntilMs = -Infinity;
  /** Time of the last request for a token. */
  touchedAtMs: number;
  /** This worker's own share of the limit, while neither the store nor the host can grant tokens. */
  ownShare: Bucket | null = null;
  #refuseUntilMs = -Infinity;
  #reserved = 0;
  #expiresAtMs = -Infinity;
  #reportedAtMs = -Infinity;
  #remaining = -1;
  #fullAtMs = -Infinity;
  #isOfStore = false;
  #windowAtMs = -Infinity;
  #spentNow = 0;
  #spentBefore = 0;

  constructor(key: string, nowMs: number) {
    this.key = key;
    this.touchedAtMs = nowMs;
  }

  /** Whether a refusal is certain without a message. */
  isRefusing(nowMs: number): boolean {
    return this.noUntilMs > nowMs && this.#refuseUntilMs > nowMs;
  }

  /** @param isOfStore a refusal by this host alone is tried again soon, because the store may be back */
  refuse(nowMs: number, retryAfterMs: number, isOfStore: boolean): void {
    this.noUntilMs = Math.max(isOfStore ? this.noUntilMs : 0, nowMs + retryAfterMs);
    this.#refuseUntilMs = isOfStore ? this.noUntilMs : nowMs + HOST_REFUSAL_MS;
  }

  /** Held tokens that have not expired. */
  inHand(nowMs: number): number {
    return this.#expiresAtMs - nowMs > MARGIN_MS ? this.tokens : 0;
  }

  isLeaseEnding(nowMs: number): boolean {
    return this.#expiresAtMs - nowMs <= MARGIN_MS;
  }

  /** Whether the lease has held tokens or spent tokens to report. */
  isHolding(): boolean {
    return this.tokens > 0 || this.unreported > 0;
  }

  /** Whether the key can be dropped without loss, because the store can supply its figures again. */
  isIdle(): boolean {
    return !this.busy && this.waiting === 0 && !this.isHolding() && this.#reserved === 0;
  }

  take(nowMs: number): void {
    this.tokens -= 1;
    this.unreported += 1;
    this.countSpent(1, nowMs);
  }

  /**
   * Sets a token aside for a request that waits for another limit.
   *
   * @returns the lease it belongs to, for `spendReserved` or `release`
   */
  reserve(): string {
    this.tokens -= 1;
    this.#reserved += 1;
    return this.leaseId;
  }

  spendReserved(leaseId: string, nowMs: number): void {
    this.#reserved -= 1;
    if (leaseId === this.leaseId) this.unreported += 1;
    this.countSpent(1, nowMs);
  }

  release(leaseId: string): void {
    this.#reserved -= 1;
    if (leaseId === this.leaseId) this.tokens += 1;
  }

  countSpent(tokens: number, nowMs: number): void {
    this.touchedAtMs = nowMs;
    this.#turnWindow(nowMs);
    this.#spentNow += tokens;
  }

  /** Tokens that this worker spent in about the last 100 ms. */
  spentRecently(nowMs: number): number {
    this.#turnWindow(nowMs);
    return this.#spentNow + this.#spentBefore;
  }

  addGrant(grant: LeaseGrant, { need, requestedAtMs, nowMs, isOfStore }: GrantContext): void {
    this.#isOfStore = isOfStore;
    this.#remaining = grant.remaining;
    this.#fullAtMs = nowMs + grant.resetMs;
    this.ownShare = null;
    if (grant.granted > 0) this.noUntilMs = -Infinity;
    const spare = grant.granted - need;
    if (grant.granted === 0 || spare <= 0) return;
    if (grant.leaseId !== this.leaseId) {
      // The earlier lease has expired in the store.
      this.tokens = 0;
      this.unreported = 0;
      this.leaseId = grant.leaseId;
      this.#reportedAtMs = nowMs;
    }
    this.tokens += spare;
    this.#expiresAtMs = requestedAtMs + grant.expiresInMs;
  }

  isReportDue(nowMs: number, intervalMs: number): boolean {
    return this.unreported > 0 && nowMs - this.#reportedAtMs >= intervalMs;
  }

  takeReport(nowMs: number): number {
    const spent = this.unreported;
    this.unreported = 0;
    this.#reportedAtMs = nowMs;
    return spent;
  }

  /** Tokens left as of the last grant, held ones included; the capacity before the first grant. */
  remaining(capacity: number): number {
    return this.#remaining < 0 ? capacity : this.#remaining + this.tokens;
  }

  /** Estimate of the tokens in the cluster's bucket; null if the last grant was not by the store. */
  levelOfStore(
    limit: { readonly ratePerMinute: number; readonly capacity: number },
    nowMs: number,
  ): number | null {
    if (!this.#isOfStore) return null;
    const missing = (this.resetMs(nowMs) * limit.ratePerMinute) / 60_000;
    return Math.max(0, limit.capacity - missing);
  }

  resetMs(nowMs: number): number {
    return Math.max(0, Math.ceil(this.#fullAtMs - nowMs));
  }

  #turnWindow(nowMs: number): void {
    const passed = nowMs - this.#windowAtMs;
    if (passed < WINDOW_MS) return;
    this.#spentBefore = passed < 2 * WINDOW_MS ? this.#spentNow : 0;
    this.#spentNow = 0;
    this.#windowAtMs = passed < 2 * WINDOW_MS ? this.#windowAtMs + WINDOW_MS : nowMs;
  }
}
