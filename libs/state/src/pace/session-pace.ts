import type { SessionPlacement } from '../ports/sessions.ts';
import { systemClock, type Clock } from './clock.ts';

/** This many messages may be sent in this time; further placements are sent together at its end. */
const WINDOW_MS = 100;
const MAX_MESSAGES = 20;
/** Most placements in one message. */
const MAX_PLACEMENTS = 1_000;

/**
 * Decides when a worker sends session placements: at once, so that other workers have them before the conversation's
 * next turn, but in a bounded number of messages.
 */
export class SessionPace {
  readonly #send: (placements: readonly SessionPlacement[]) => void;
  readonly #clock: Clock;
  readonly #waiting = new Map<string, string>();
  #windowAtMs = -Infinity;
  #messages = 0;
  #cancel: (() => void) | null = null;
  #isClosed = false;

  constructor(send: (placements: readonly SessionPlacement[]) => void, clock: Clock = systemClock) {
    this.#send = send;
    this.#clock = clock;
  }

  place(session: string, endpointKey: string): void {
    if (this.#isClosed) return;
    this.#waiting.set(session, endpointKey);
    if (this.#cancel === null) this.#sendWaiting();
  }

  close(): void {
    this.#isClosed = true;
    this.#cancel?.();
    this.#cancel = null;
  }

  #sendWaiting(): void {
    const nowMs = this.#clock.nowMs();
    if (nowMs - this.#windowAtMs >= WINDOW_MS) {
      this.#windowAtMs = nowMs;
      this.#messages = 0;
    }
    while (this.#waiting.size > 0) {
      if (this.#messages === MAX_MESSAGES) {
        this.#cancel = this.#clock.after(this.#windowAtMs + WINDOW_MS - nowMs, () => {
          this.#cancel = null;
          this.#sendWaiting();
        });
        return;
      }
      this.#messages += 1;
      this.#send(this.#takeWaiting());
    }
  }

  #takeWaiting(): SessionPlacement[] {
    const placements: SessionPlacement[] = [];
    for (const placement of this.#waiting) {
      if (placements.length === MAX_PLACEMENTS) break;
      placements.push(placement);
      this.#waiting.delete(placement[0]);
    }
    return placements;
  }
}
