import type { LeaseReturn } from '../ports/leases.ts';
import { KeyEntry } from './key-entry.ts';

/** Most keys that are kept; with more, the oldest is dropped. */
export const MAX_KEYS = 100_000;
/** An unused key is dropped after this time. */
const FORGET_AFTER_MS = 10_000;
/** Unspent tokens are returned after this time without use; spent ones are reported as often. */
export const IDLE_RETURN_MS = 100;
/** Most keys that one search for a droppable key checks. */
const DROP_ATTEMPTS = 64;
const SWEEP_STEP = 2_000;

/** The bounded table of one worker's leases. */
export class KeyTable {
  readonly #entries = new Map<string, KeyEntry>();
  /** Keys with held tokens or spent tokens to report. */
  readonly #holding = new Set<KeyEntry>();
  #sweepAt: IterableIterator<KeyEntry> | null = null;
  #dropAt: IterableIterator<KeyEntry> | null = null;

  get size(): number {
    return this.#entries.size;
  }

  get isHolding(): boolean {
    return this.#holding.size > 0;
  }

  get(key: string): KeyEntry | undefined {
    return this.#entries.get(key);
  }

  /** Spends a held token. */
  take(key: string, nowMs: number): void {
    const entry = this.#entries.get(key);
    if (entry === undefined) return;
    entry.take(nowMs);
    this.noteHolding(entry);
  }

  open(key: string, nowMs: number): KeyEntry {
    let entry = this.#entries.get(key);
    if (entry === undefined) {
      if (this.#entries.size >= MAX_KEYS) this.#dropOne();
      entry = new KeyEntry(key, nowMs);
      this.#entries.set(key, entry);
    }
    entry.touchedAtMs = nowMs;
    return entry;
  }

  noteHolding(entry: KeyEntry): void {
    if (entry.isHolding()) this.#holding.add(entry);
  }

  /** Returns that are due: all tokens of idle and expiring leases, and the spent tokens of busy ones. */
  collectDue(nowMs: number): LeaseReturn[] {
    const returns: LeaseReturn[] = [];
    for (const entry of this.#holding) {
      const idle = nowMs - entry.touchedAtMs >= IDLE_RETURN_MS;
      if (idle || entry.isLeaseEnding(nowMs)) this.#giveUp(entry, nowMs, returns);
      else if (entry.isReportDue(nowMs, IDLE_RETURN_MS)) {
        const { key, leaseId } = entry;
        returns.push({ key, leaseId, spent: entry.takeReport(nowMs), unspent: 0 });
      }
    }
    return returns;
  }

  collectAll(nowMs: number): LeaseReturn[] {
    const returns: LeaseReturn[] = [];
    for (const entry of this.#holding) this.#giveUp(entry, nowMs, returns);
    return returns;
  }

  collect(key: string, nowMs: number): LeaseReturn[] {
    const entry = this.#entries.get(key);
    const returns: LeaseReturn[] = [];
    if (entry !== undefined && this.#holding.has(entry)) this.#giveUp(entry, nowMs, returns);
    return returns;
  }

  /** Drops idle keys, a bounded number at a time. */
  sweep(nowMs: number): void {
    this.#sweepAt ??= this.#entries.values();
    for (let i = 0; i < SWEEP_STEP; i += 1) {
      const next = this.#sweepAt.next();
      if (next.done === true) {
        this.#sweepAt = null;
        return;
      }
      const entry = next.value;
      const isOld = nowMs - entry.touchedAtMs >= FORGET_AFTER_MS && entry.noUntilMs <= nowMs;
      if (isOld && entry.isIdle()) this.#entries.delete(entry.key);
    }
  }

  #giveUp(entry: KeyEntry, nowMs: number, returns: LeaseReturn[]): void {
    this.#holding.delete(entry);
    const { key, leaseId, tokens } = entry;
    returns.push({ key, leaseId, spent: entry.takeReport(nowMs), unspent: tokens });
    // The id is kept, because tokens reserved by waiting requests still belong to that lease.
    entry.tokens = 0;
  }

  /** Searches from the oldest key on. The iterator is kept, because a Map's start is slow to reach after deletions. */
  #dropOne(): void {
    for (let attempts = 0; attempts < DROP_ATTEMPTS; attempts += 1) {
      this.#dropAt ??= this.#entries.values();
      const next = this.#dropAt.next();
      if (next.done === true) this.#dropAt = null;
      else if (next.value.isIdle()) {
        this.#entries.delete(next.value.key);
        return;
      }
    }
  }
}
