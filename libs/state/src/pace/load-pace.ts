import type { LoadChanges } from '../protocol/operations.ts';
import { systemClock, type Clock } from './clock.ts';

/** Of the 5 ms in which other workers of the host see a count, the hub takes the last one. */
export const LOAD_INTERVAL_MS = 4;
/** After so many ticks without a change there are none any more. */
const IDLE_TICKS = 50;
/** Every so many ticks where telling the counts helps little. */
const RELAXED_TICKS = 25;
/** Requests that are short: so many more started since the last message than twice those that run now. */
const SHORT_REQUESTS_MARGIN = 8;

export interface LoadPaceOptions {
  /** Whether no other worker hears the counts. */
  readonly isAlone: () => boolean;
  /** @returns false if it could not be sent; the changes are then part of the next message */
  readonly send: (changes: LoadChanges) => boolean;
  readonly clock?: Clock;
}

/**
 * When a worker sends its counts of requests in flight: every 4 ms while they change, every 100 ms where that helps
 * little, and never while nothing changes. One interval while requests come and go, and never a timer a request.
 */
export class LoadPace {
  readonly #options: LoadPaceOptions;
  readonly #clock: Clock;
  readonly #counts = new Map<string, number>();
  /** As last sent; those that are not zero. */
  readonly #sent = new Map<string, number>();
  readonly #changed = new Set<string>();
  #running = 0;
  #startedSinceSent = 0;
  #ticksSinceSent = RELAXED_TICKS;
  #idleTicks = 0;
  #stopTicks: (() => void) | null = null;
  #isClosed = false;

  constructor(options: LoadPaceOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
  }

  set(key: string, count: number): void {
    const difference = count - (this.#counts.get(key) ?? 0);
    if (difference === 0) return;
    if (count === 0) this.#counts.delete(key);
    else this.#counts.set(key, count);
    this.#running += difference;
    if (difference > 0) this.#startedSinceSent += difference;
    this.#changed.add(key);
    this.resume();
  }

  /** Sends at the next tick what could not be sent before. */
  resume(): void {
    if (this.#isClosed) return;
    this.#idleTicks = 0;
    this.#stopTicks ??= this.#clock.every(LOAD_INTERVAL_MS, () => this.#tick());
  }

  close(): void {
    this.#isClosed = true;
    this.#pause();
  }

  #pause(): void {
    this.#stopTicks?.();
    this.#stopTicks = null;
  }

  #tick(): void {
    this.#ticksSinceSent += 1;
    if (this.#changed.size > 0) {
      if (this.#ticksSinceSent < RELAXED_TICKS && this.#mayRelax()) return;
      this.#ticksSinceSent = 0;
      this.#startedSinceSent = 0;
      this.#send();
      return;
    }
    this.#idleTicks += 1;
    if (this.#idleTicks >= IDLE_TICKS) this.#pause();
  }

  /** Most requests that started since the last message have ended: they took less than that time. */
  #mayRelax(): boolean {
    return this.#options.isAlone() || this.#startedSinceSent > 2 * this.#running + SHORT_REQUESTS_MARGIN;
  }

  #send(): void {
    const changes: Record<string, number> = {};
    let any = false;
    for (const key of this.#changed) {
      const count = this.#counts.get(key) ?? 0;
      if (count === (this.#sent.get(key) ?? 0)) continue;
      changes[key] = count;
      any = true;
    }
    if (any && !this.#options.send(changes)) {
      // The other side does not read: `resume`, or the next change, tries again.
      this.#pause();
      return;
    }
    this.#changed.clear();
    for (const [key, count] of Object.entries(changes)) {
      if (count === 0) this.#sent.delete(key);
      else this.#sent.set(key, count);
    }
  }
}
