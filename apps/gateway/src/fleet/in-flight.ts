import { newRecord } from '@olla/core/records';
import type { EndpointView } from '@olla/core/route-plan/endpoint-view';
import type { FleetLive } from '@olla/core/route-plan/fleet-live';
import type { LoadPort } from '@olla/state/ports/load';
import type { StatisticsPort } from '@olla/state/ports/statistics';
import type { Endpoints } from './endpoints.ts';

export interface InFlightOptions {
  readonly endpoints: Endpoints;
  readonly live: FleetLive;
  readonly state: {
    readonly load: LoadPort;
    readonly statistics: Pick<StatisticsPort, 'noteChange'>;
  };
}

type CountedEndpoint = Pick<EndpointView, 'key' | 'live'>;

/** Counts the requests in flight at each endpoint, and publishes the counts to the other workers. */
export class InFlight {
  readonly #options: InFlightOptions;
  readonly #unsubscribe: () => void;

  constructor(options: InFlightOptions) {
    this.#options = options;
    this.#unsubscribe = options.state.load.onOthers((others) => options.live.setOthersInFlight(others));
  }

  /** A request goes to the endpoint and counts until `release`. */
  acquire(endpoint: CountedEndpoint): void {
    endpoint.live.inFlight += 1;
    this.#changed(endpoint);
  }

  release(endpoint: CountedEndpoint): void {
    endpoint.live.inFlight -= 1;
    this.#changed(endpoint);
  }

  /** This worker's requests by endpoint name, without endpoints that have none. */
  byName(): Record<string, number> {
    const { endpoints, live } = this.#options;
    const counts = newRecord<number>();
    for (const { name, key } of endpoints.list) {
      const { inFlight } = live.endpoint(key);
      if (inFlight > 0) counts[name] = inFlight;
    }
    return counts;
  }

  close(): void {
    this.#unsubscribe();
  }

  #changed({ key, live }: CountedEndpoint): void {
    const { state } = this.#options;
    state.load.setInFlight(key, live.inFlight);
    // Requests in flight are part of the statistics that other hosts read.
    state.statistics.noteChange();
  }
}
