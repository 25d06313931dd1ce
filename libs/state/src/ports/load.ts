import type { Unsubscribe } from './unsubscribe.ts';

/** How many requests the other workers have in flight at each endpoint. */
export interface LoadPort {
  /**
   * Tells this worker's own number of requests in flight at an endpoint. Cheap enough for every request: the adapter
   * sends what changed at its own pace, and nothing while nothing changes. Workers of this host see it within 5 ms,
   * other hosts within 100 ms. Where that helps little, it is within 100 and 150 ms: nobody else is there, or requests
   * are so short that the count is another by the time it arrives. A dead worker's counts expire.
   */
  setInFlight(endpointKey: string, count: number): void;
  /** Calls with the sum of all other workers' counts by endpoint key, whenever it changes. Zeros are left out. */
  onOthers(listener: (others: ReadonlyMap<string, number>) => void): Unsubscribe;
}
