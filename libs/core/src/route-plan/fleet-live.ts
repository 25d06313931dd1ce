import { newBackoff, type Backoff } from './backoff.ts';
import { newBreaker, type Breaker } from './breaker.ts';

/** The values that change with each request; one object an endpoint while it is configured, over all snapshots. */
export interface EndpointLive {
  /** Requests that this worker has in flight there: the caller counts them up and down. */
  inFlight: number;
  /** Requests of all other workers, by their last reports. */
  othersInFlight: number;
  /** Its turns divided by its weight: the lowest goes first among equal loads. */
  turns: number;
  readonly breaker: Breaker;
  readonly backoff: Backoff;
}

/** The position of a rotation: the place of the endpoint that had the last turn. */
export interface Rotation {
  last: number;
}

const MAX_ROTATIONS = 4_096;

/** The data of a worker about its endpoints that outlives a snapshot. */
export class FleetLive {
  /** 0 to 1, different in each worker: the start of its rotations. */
  readonly seed: number;
  /** Milliseconds of the clock of breakers and backoffs. */
  readonly now: () => number;
  /** The turns of the endpoint that was chosen last: one that returns continues from there. */
  turns = 0;
  readonly #byKey = new Map<string, EndpointLive>();
  readonly #rotations = new Map<string, Rotation>();

  constructor(seed: number, now: () => number = Date.now) {
    this.seed = seed;
    this.now = now;
  }

  endpoint(key: string): EndpointLive {
    let live = this.#byKey.get(key);
    if (live === undefined) {
      live = {
        inFlight: 0,
        othersInFlight: 0,
        turns: this.turns,
        breaker: newBreaker(),
        backoff: newBackoff(),
      };
      this.#byKey.set(key, live);
    }
    return live;
  }

  /** Forgets endpoints that are no longer configured and have no requests in flight. */
  keepOnly(keys: ReadonlySet<string>): void {
    for (const [key, live] of this.#byKey) if (!keys.has(key) && live.inFlight === 0) this.#byKey.delete(key);
  }

  /** Takes over the other workers' requests in flight; endpoints that are not named have none. */
  setOthersInFlight(others: ReadonlyMap<string, number>): void {
    for (const [key, live] of this.#byKey) live.othersInFlight = others.get(key) ?? 0;
  }

  rotation(name: string, size: number): Rotation {
    let rotation = this.#rotations.get(name);
    if (rotation === undefined) {
      if (this.#rotations.size >= MAX_ROTATIONS) this.#rotations.clear();
      rotation = { last: Math.floor(this.seed * size) - 1 };
      this.#rotations.set(name, rotation);
    }
    return rotation;
  }
}
