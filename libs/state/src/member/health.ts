import { Listeners } from '../listeners.ts';
import type { HealthPort, StateHealth } from '../ports/health.ts';
import type { Unsubscribe } from '../ports/unsubscribe.ts';

export class MemberHealth implements HealthPort {
  readonly #listeners = new Listeners<StateHealth>();
  #health: StateHealth = { connected: true, since: Date.now(), outages: 0, latencyMs: null, detail: '' };

  current(): StateHealth {
    return this.#health;
  }

  onHealth(listener: (health: StateHealth) => void): Unsubscribe {
    return this.#listeners.add(listener);
  }

  receive(health: StateHealth): void {
    this.#health = health;
    this.#listeners.call(health);
  }

  noteLatency(latencyMs: number): void {
    this.#health = { ...this.#health, latencyMs };
  }

  /** The hub has ended. */
  lose(reason: string): void {
    if (!this.#health.connected) return;
    const outages = this.#health.outages + 1;
    this.receive({ ...this.#health, connected: false, since: Date.now(), outages, detail: reason });
  }
}
