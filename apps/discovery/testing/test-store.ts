import { compareVersions, type Snapshot } from '@olla/core/snapshot';
import type { Control } from '@olla/state/ports/control';
import type { Ejection } from '@olla/state/ports/ejections';
import type { NewEvent } from '@olla/state/ports/events';
import type { Lead } from '@olla/state/ports/election';
import { StateError } from '@olla/state/state-error';
import type { AgentState } from '../src/agent-state.ts';

/** A store that several agents under test share, each through its own view. It can simulate an outage. */
export class TestStore {
  readonly snapshots: Snapshot[] = [];
  readonly events: NewEvent[] = [];
  /** Level and message of each line that the agents logged. */
  readonly lines: string[] = [];
  /** While it is true, every call rejects with STATE_UNAVAILABLE. */
  isDown = false;
  /** Calls that rejected during the outage. */
  failedCalls = 0;
  #lead: { holder: string; until: number; token: number } = { holder: '', until: 0, token: 0 };
  #control: Control = { revision: 0, drained: {}, refresh: 0 };
  readonly #onSnapshot = new Set<(snapshot: Snapshot) => void>();
  readonly #onEjection = new Set<(ejection: Ejection) => void>();
  readonly #onLoad = new Set<(others: ReadonlyMap<string, number>) => void>();
  readonly #onControl = new Set<(control: Control) => void>();

  get newest(): Snapshot | undefined {
    return this.snapshots.at(-1);
  }

  /** Resolves with the first snapshot, from the newest on, that meets a condition. */
  when(condition: (snapshot: Snapshot) => boolean, describe: string, timeoutMs = 30_000): Promise<Snapshot> {
    return new Promise((resolve, reject) => {
      const onTimeout = (): void =>
        reject(new Error(`no snapshot: ${describe}; newest ${JSON.stringify(this.newest)}`));
      const timer = setTimeout(onTimeout, timeoutMs);
      const check = (snapshot: Snapshot): void => {
        if (!condition(snapshot)) return;
        clearTimeout(timer);
        this.#onSnapshot.delete(check);
        resolve(snapshot);
      };
      this.#onSnapshot.add(check);
      if (this.newest !== undefined) check(this.newest);
    });
  }

  /** Expires the lead, as if its holder had been paused. */
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

  /** Workers have these requests in flight, by endpoint key. */
  setInFlight(counts: Readonly<Record<string, number>>): void {
    for (const listener of this.#onLoad) listener(new Map(Object.entries(counts)));
  }

  view(id: string): AgentState {
    const assertReachable = (): void => {
      if (!this.isDown) return;
      this.failedCalls += 1;
      throw new StateError('STATE_UNAVAILABLE', 'outage');
    };
    const on = <T>(listeners: Set<(value: T) => void>) => {
      return (listener: (value: T) => void) => {
        listeners.add(listener);
        return () => void listeners.delete(listener);
      };
    };
    return {
      kind: 'redis',
      election: {
        campaign: async (ttlMs, newestToken): Promise<Lead> => {
          await Promise.resolve();
          assertReachable();
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
          assertReachable();
          if (this.#lead.holder === id) this.expireLead();
        },
      },
      snapshots: {
        read: async () => {
          await Promise.resolve();
          assertReachable();
          return this.newest ?? null;
        },
        publish: async (snapshot) => {
          await Promise.resolve();
          assertReachable();
          if (this.newest !== undefined && compareVersions(snapshot.version, this.newest.version) <= 0)
            return 'fenced';
          this.snapshots.push(snapshot);
          for (const listener of this.#onSnapshot) listener(snapshot);
          return 'published';
        },
        onSnapshot: on(this.#onSnapshot),
      },
      ejections: { onEjection: on(this.#onEjection) },
      load: { onOthers: on(this.#onLoad) },
      events: { publish: (event) => void this.events.push(event) },
      control: {
        read: async () => {
          await Promise.resolve();
          assertReachable();
          return this.#control;
        },
        onControl: on(this.#onControl),
      },
    };
  }
}
