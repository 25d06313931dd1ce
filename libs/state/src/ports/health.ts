import type { Unsubscribe } from './unsubscribe.ts';

/** Whether the store can be reached. */
export interface HealthPort {
  current(): StateHealth;
  /** Calls when it changes. */
  onHealth(listener: (health: StateHealth) => void): Unsubscribe;
}

export interface StateHealth {
  readonly connected: boolean;
  /** Time of the last change of `connected`, in epoch milliseconds. */
  readonly since: number;
  readonly outages: number;
  /** Round trip of the last heartbeat in milliseconds. */
  readonly latencyMs: number | null;
  readonly detail: string;
}
