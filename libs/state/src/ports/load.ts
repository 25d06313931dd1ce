import type { Unsubscribe } from './unsubscribe.ts';

/** The requests that other workers have in flight at each endpoint. */
export interface LoadPort {
  /**
   * Sets this worker's number of requests in flight at an endpoint. It is cheap enough for every request: the adapter
   * publishes changes at its own pace. Workers of this host receive them within 5 ms, other hosts within 100 ms.
   * Without other workers, or with requests so short that counts are outdated on arrival, it takes 100 and 150 ms. A
   * dead worker's counts expire.
   */
  setInFlight(endpointKey: string, count: number): void;
  /** Calls with the sum of all other workers' counts by endpoint key, whenever it changes. Zeros are left out. */
  onOthers(listener: (others: ReadonlyMap<string, number>) => void): Unsubscribe;
}
