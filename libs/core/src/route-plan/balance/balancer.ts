import type { FleetLive, Rotation } from '../fleet-live.ts';
import type { Candidate } from '../fleet-view.ts';

/** What a balancer may go by beside the candidates. */
export interface BalanceContext {
  readonly live: FleetLive;
  readonly rotation: Rotation;
}

/** Puts candidates into the order in which they are tried, in place. All of them are usable. */
export type Balancer = (candidates: Candidate[], context: BalanceContext) => void;
