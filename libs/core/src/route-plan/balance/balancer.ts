import type { FleetLive, Rotation } from '../fleet-live.ts';
import type { Candidate } from '../fleet-view.ts';

/** What a balancer may use besides the candidates. */
export interface BalanceContext {
  readonly live: FleetLive;
  readonly rotation: Rotation;
}

/** Sorts candidates in place into the order in which they are tried. All of them are usable. */
export type Balancer = (candidates: Candidate[], context: BalanceContext) => void;
