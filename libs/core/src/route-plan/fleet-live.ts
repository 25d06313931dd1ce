import { newBackoff, type Backoff } from './backoff.ts';
import { newBreaker, type Breaker } from './breaker.ts';

/** What changes with each request; one object an endpoint for as long as it is configured, over all snapshots. */
export interface EndpointLive {
  /** Requests that this worker has in flight there: the caller counts them up and down. */
  inFlight: number;
  /** Those of all other workers, as last heard. */
  othersInFlight: number;
  /** Turns it has had, divided by its weight: the lowest goes first where loads are alike. */
  turns: number;
  readonly breaker: Breaker;
  readonly backoff: Backoff;
}

/** Where a rotation stands: the place of the endpoint that had the last turn. */
export interface Rotation {
  last: number;
}

const MAX_ROTATIONS = 4_096;

/** What a worker keeps of its endpoints beyond one snapshot. */
export class FleetLive {
  /** 0 to 1, different in each worker: where the rotations of this one start. */
  readonly seed: number;
  /** Milliseconds of the clock that breakers and backoffs are kept by. */
  readonly now: () => number;
  /** The turns of the endpoint that was chosen last: one that was away takes up from there. */
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

  /** Forgets endpoints that are configured no more and have nothing in flight. */
  keepOnly(keys: ReadonlySet<string>): void {
    for (const [key, live] of this.#byKey) if (!keys.has(key) && live.inFlight === 0) this.#byKey.delete(key);
  }

  /** Takes over what the other workers have in flight; endpoints that are not named have nothing. */
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
