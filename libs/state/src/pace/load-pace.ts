import type { LoadChanges } from '../protocol/operations.ts';
import { systemClock, type Clock } from './clock.ts';

/** Other workers of the host see a count within 5 ms, of which the hub takes the last one. */
export const LOAD_INTERVAL_MS = 4;
/** The ticks end after this many without a change. */
const IDLE_TICKS = 50;
/** Ticks between two messages where frequent messages help little. */
const RELAXED_TICKS = 25;
/** Requests are short if the number started since the last message exceeds twice those running by this much. */
const SHORT_REQUESTS_MARGIN = 8;

export interface LoadPaceOptions {
  /** Whether there is no other worker. */
  readonly isAlone: () => boolean;
  /** @returns false if the message could not be sent; its changes are then part of the next one */
  readonly send: (changes: LoadChanges) => boolean;
  readonly clock?: Clock;
}

/**
 * Decides when a worker sends its counts of requests in flight: every 4 ms while they change, every 100 ms where more
 * messages help little, and never while nothing changes. One interval serves all requests, because a timer for each
 * would be expensive.
 */
export class LoadPace {
  readonly #options: LoadPaceOptions;
  readonly #clock: Clock;
  readonly #counts = new Map<string, number>();
  /** The non-zero counts as last sent. */
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

  /** Sends the changes that could not be sent before, at the next tick. */
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

  /** Whether most requests that started since the last message have ended by now. */
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
      // The other side does not read. `resume` or the next change tries again.
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
