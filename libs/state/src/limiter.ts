import type { Admission, LimitSpec } from './limiter/admission.ts';
import { composeBatch, decideRefused, type Batch, type Waiter } from './limiter/batch.ts';
import { KeyTable } from './limiter/key-table.ts';
import { LeaseSources, type GrantedLeases } from './limiter/lease-sources.ts';
import type { LimiterState } from './limiter/limiter-state.ts';
import { blindRefusalOf, grantOf, refusalOf, shownLimit } from './limiter/outcomes.ts';
import { systemClock, type Clock } from './pace/clock.ts';
import type { LeaseGrant } from './ports/leases.ts';

export interface LimiterOptions {
  readonly state: LimiterState;
  /** Limits while the store is unreachable: the host's share of each limit, no limit, or no request. */
  readonly onStateLoss: 'local' | 'open' | 'closed';
  readonly clock?: Clock;
}

/** Most requests that may wait for tokens; more are refused. */
const MAX_WAITERS = 10_000;
const HOLDING_TICK_MS = 20;
const IDLE_TICK_MS = 1_000;

/**
 * Admits requests by leased tokens. While this worker holds a token of every limit, a request is admitted at once,
 * without message, promise or timer; otherwise one message requests all missing tokens. A refusal takes no token of
 * any limit.
 */
export class Limiter {
  readonly #state: LimiterState;
  readonly #clock: Clock;
  readonly #keys = new KeyTable();
  readonly #sources: LeaseSources;
  readonly #stopRecalls: () => void;
  #waiters: Waiter[] = [];
  #stopTick: (() => void) | null = null;
  #isFastTick = false;
  #closed = false;

  constructor(options: LimiterOptions) {
    this.#state = options.state;
    this.#clock = options.clock ?? systemClock;
    this.#sources = new LeaseSources(options.state, options.onStateLoss, this.#clock);
    this.#stopRecalls = this.#state.leases.onRecall((key) => {
      const returns = this.#keys.collect(key, this.#clock.nowMs());
      if (returns.length > 0) this.#state.leases.returnLeases(returns);
    });
  }

  /** @param limits the limits that apply, each with its own key; all of them must have a token */
  admit(limits: readonly LimitSpec[]): Admission | Promise<Admission> {
    const nowMs = this.#clock.nowMs();
    let isInHand = true;
    for (const spec of limits) {
      const entry = this.#keys.get(spec.key);
      if (entry !== undefined && entry.inHand(nowMs) > 0) continue;
      isInHand = false;
      if (entry?.isRefusing(nowMs) === true) return refusalOf(spec, entry, nowMs, false);
    }
    if (!isInHand) return this.#wait(limits, nowMs);
    for (const { key } of limits) this.#keys.take(key, nowMs);
    return this.#grant(limits, nowMs, false);
  }

  /** Keys in the table. Their number is bounded. */
  get keyCount(): number {
    return this.#keys.size;
  }

  /** Returns all leases. Requests that wait are refused. */
  close(): void {
    this.#closed = true;
    this.#stopRecalls();
    this.#stopTick?.();
    const returns = this.#keys.collectAll(this.#clock.nowMs());
    if (returns.length > 0) this.#state.leases.returnLeases(returns);
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const waiter of waiters) this.#refuseBlind(waiter);
  }

  // ── waiting ─────────────────────────────────────────────────────────────

  #wait(limits: readonly LimitSpec[], nowMs: number): Admission | Promise<Admission> {
    if (this.#closed || this.#waiters.length >= MAX_WAITERS) return blindRefusalOf(limits[0], false);
    return new Promise((resolve) => {
      const claims = limits.map((spec) => ({
        spec,
        entry: this.#keys.open(spec.key, nowMs),
        reserved: null,
      }));
      for (const { entry } of claims) entry.waiting += 1;
      this.#waiters.push({ limits, claims, strandedSinceMs: null, rounds: 0, resolve });
      // When that message ends, all waiters are checked, so this one needs no message of its own.
      if (!claims.some(({ entry }) => entry.busy)) this.#pump();
    });
  }

  /** Sends one message for all waiters whose keys have no message under way. */
  #pump(): void {
    if (this.#closed || this.#waiters.length === 0) return;
    const nowMs = this.#clock.nowMs();
    const { batch, ready, rest } = composeBatch(this.#waiters, nowMs);
    this.#waiters = rest;
    for (const waiter of ready) this.#admitWaiter(waiter, nowMs);
    if (batch === null) return;
    for (const entry of batch.needs.keys()) {
      entry.busy = true;
      entry.touchedAtMs = nowMs;
    }
    this.#startTick();
    void this.#take(batch);
  }

  async #take(batch: Batch): Promise<void> {
    const outcome = await this.#sources.take(batch);
    if ('grants' in outcome) this.#receive(batch, outcome);
    else this.#finish(batch, outcome.admitted, outcome.refused);
  }

  /** Ends a batch that no store could decide. */
  #finish(batch: Batch, admitted: readonly Waiter[], refused: readonly Waiter[]): void {
    const nowMs = this.#clock.nowMs();
    for (const entry of batch.needs.keys()) entry.busy = false;
    for (const waiter of admitted) this.#admitWaiter(waiter, nowMs);
    for (const waiter of refused) this.#refuseBlind(waiter);
    this.#pump();
  }

  #receive(batch: Batch, { grants, requestedAtMs, isOfStore }: GrantedLeases): void {
    const nowMs = this.#clock.nowMs();
    const grantByKey = new Map(grants.map((grant) => [grant.key, grant]));
    let isGranted = true;
    for (const [entry, { need }] of batch.needs) {
      entry.busy = false;
      const grant = grantByKey.get(entry.key);
      if (grant === undefined) continue;
      entry.addGrant(grant, { need, requestedAtMs, nowMs, isOfStore });
      this.#keys.noteHolding(entry);
      if (grant.granted < need) isGranted = false;
    }
    if (isGranted) for (const waiter of batch.waiters) this.#admitWaiter(waiter, nowMs);
    else this.#sort(batch, grantByKey, nowMs, isOfStore);
    this.#startTick();
    this.#pump();
  }

  /** After a refusal of the whole message, decides which waiters try again, wait for returns or are refused. */
  #sort(batch: Batch, grantByKey: ReadonlyMap<string, LeaseGrant>, nowMs: number, isOfStore: boolean): void {
    const { again, stranded, refused } = decideRefused(batch, grantByKey, nowMs);
    for (const { waiter, by, entry, retryAfterMs } of refused) {
      entry.refuse(nowMs, retryAfterMs, isOfStore);
      this.#releaseAll(waiter);
      resolveWaiter(waiter, refusalOf(by, entry, nowMs, true));
    }
    this.#waiters = [...again, ...stranded.waiters, ...this.#waiters];
    for (const entry of stranded.entries) entry.busy = true;
    if (stranded.entries.length === 0) return;
    this.#clock.after(stranded.delayMs, () => {
      for (const entry of stranded.entries) entry.busy = false;
      this.#pump();
    });
  }

  // ── outcomes ────────────────────────────────────────────────────────────

  #admitWaiter(waiter: Waiter, nowMs: number): void {
    for (const { entry, reserved } of waiter.claims) {
      if (reserved === null) entry.countSpent(1, nowMs);
      else entry.spendReserved(reserved, nowMs);
      this.#keys.noteHolding(entry);
    }
    resolveWaiter(waiter, this.#grant(waiter.limits, nowMs, true));
  }

  #releaseAll(waiter: Waiter): void {
    for (const claim of waiter.claims) {
      if (claim.reserved !== null) claim.entry.release(claim.reserved);
      claim.reserved = null;
      this.#keys.noteHolding(claim.entry);
    }
  }

  #refuseBlind(waiter: Waiter): void {
    this.#releaseAll(waiter);
    resolveWaiter(waiter, blindRefusalOf(waiter.limits[0], true));
  }

  #grant(limits: readonly LimitSpec[], nowMs: number, waited: boolean): Admission {
    const shown = shownLimit(limits);
    return grantOf(shown, shown === undefined ? undefined : this.#keys.get(shown.key), nowMs, waited);
  }

  // ── the one timer ───────────────────────────────────────────────────────

  #startTick(): void {
    if (this.#closed) return;
    const isFast = this.#keys.isHolding;
    if (this.#stopTick !== null && this.#isFastTick >= isFast) return;
    this.#stopTick?.();
    this.#isFastTick = isFast;
    this.#stopTick = this.#clock.after(isFast ? HOLDING_TICK_MS : IDLE_TICK_MS, () => {
      this.#stopTick = null;
      this.#tick();
    });
  }

  #tick(): void {
    const nowMs = this.#clock.nowMs();
    const returns = this.#keys.collectDue(nowMs);
    if (returns.length > 0) this.#state.leases.returnLeases(returns);
    this.#keys.sweep(nowMs);
    if (this.#keys.size > 0) this.#startTick();
  }
}

function resolveWaiter(waiter: Waiter, admission: Admission): void {
  for (const { entry } of waiter.claims) entry.waiting -= 1;
  waiter.resolve(admission);
}
