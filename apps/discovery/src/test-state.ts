import { compareVersions } from '@olla/core/snapshot';
import type { Snapshot } from '@olla/core/snapshot';
import { StateError } from '@olla/state/port';
import type { Control, Ejection, Lead } from '@olla/state/port';
import type { AgentState } from './agent-state.ts';

/** A store for tests of the agent that several agents share, each by its own view; it can be away. */
export class TestStore {
  readonly snapshots: Snapshot[] = [];
  away = false;
  /** Calls that failed because the store was away. */
  refusals = 0;
  #lead: { holder: string; until: number; token: number } = { holder: '', until: 0, token: 0 };
  #control: Control = { revision: 0, drained: {}, refresh: 0 };
  readonly #onSnapshot = new Set<(snapshot: Snapshot) => void>();
  readonly #onEjection = new Set<(ejection: Ejection) => void>();
  readonly #onControl = new Set<(control: Control) => void>();

  get newest(): Snapshot | undefined {
    return this.snapshots.at(-1);
  }

  /** The newest snapshot as soon as it meets a condition. */
  when(condition: (snapshot: Snapshot) => boolean, describe: string, timeoutMs = 8_000): Promise<Snapshot> {
    return new Promise((resolve, reject) => {
      const late = (): void =>
        reject(new Error(`no snapshot: ${describe}; newest ${JSON.stringify(this.newest)}`));
      const timer = setTimeout(late, timeoutMs);
      const look = (snapshot: Snapshot): void => {
        if (!condition(snapshot)) return;
        clearTimeout(timer);
        this.#onSnapshot.delete(look);
        resolve(snapshot);
      };
      this.#onSnapshot.add(look);
      if (this.newest !== undefined) look(this.newest);
    });
  }

  /** Takes the lead away, as if its holder had been paused for long. */
  expireLead(): void {
    this.#lead = { ...this.#lead, until: 0 };
  }

  refresh(): void {
    this.#control = {
      ...this.#control,
      revision: this.#control.revision + 1,
      refresh: this.#control.refresh + 1,
    };
    for (const listener of this.#onControl) listener(this.#control);
  }

  eject(endpointKey: string): void {
    const ejection = { endpointKey, endpoint: '', reason: 'connection refused', by: 'w', at: Date.now() };
    for (const listener of this.#onEjection) listener(ejection);
  }

  view(id: string): AgentState {
    const reach = (): void => {
      if (!this.away) return;
      this.refusals += 1;
      throw new StateError('STATE_UNAVAILABLE', 'away');
    };
    const on = <T>(listeners: Set<(value: T) => void>) => {
      return (listener: (value: T) => void) => {
        listeners.add(listener);
        return () => void listeners.delete(listener);
      };
    };
    return {
      kind: 'redis',
      campaign: async (ttlMs, newestToken): Promise<Lead> => {
        await Promise.resolve();
        reach();
        const now = Date.now();
        if (this.#lead.holder !== id && this.#lead.until > now)
          return { leading: false, leader: this.#lead.holder };
        const renewed = this.#lead.holder === id && this.#lead.until > now;
        const token = renewed ? this.#lead.token : Math.max(this.#lead.token, newestToken, now) + 1;
        this.#lead = { holder: id, until: now + ttlMs, token };
        return { leading: true, token };
      },
      resign: async () => {
        await Promise.resolve();
        reach();
        if (this.#lead.holder === id) this.expireLead();
      },
      readSnapshot: async () => {
        await Promise.resolve();
        reach();
        return this.newest ?? null;
      },
      publishSnapshot: async (snapshot) => {
        await Promise.resolve();
        reach();
        if (this.newest !== undefined && compareVersions(snapshot.version, this.newest.version) <= 0)
          return 'fenced';
        this.snapshots.push(snapshot);
        for (const listener of this.#onSnapshot) listener(snapshot);
        return 'published';
      },
      readControl: async () => {
        await Promise.resolve();
        reach();
        return this.#control;
      },
      onSnapshot: on(this.#onSnapshot),
      onEjection: on(this.#onEjection),
      onControl: on(this.#onControl),
    };
  }
}
