import type { BackendType } from '../backend-type.ts';
import { endpointStatus, type Drains, type EndpointStatus } from '../endpoint-status.ts';
import type { EndpointSnapshot, EndpointState } from '../snapshot.ts';
import type { EndpointLive, FleetLive } from './fleet-live.ts';

/** The configuration of an endpoint, as far as routing needs it. */
export interface EndpointRouting {
  readonly name: string;
  /** See endpoint-key.ts. */
  readonly key: string;
  /** The assumed type until a snapshot gives its type. */
  readonly type: BackendType;
  readonly priority: number;
  /** null: its slots if the backend reports them, else the usual value of the type. */
  readonly weight: number | null;
  /** It may have only some of its server's models; absent for all. */
  readonly hasModelFilter?: boolean;
}

export interface EndpointViewInput {
  readonly control: Drains;
  readonly live: FleetLive;
  /** The usual number of requests that a server of a type processes at once. */
  readonly concurrencyOf: (type: BackendType) => number;
}

/** One endpoint in one snapshot. */
export class EndpointView {
  /** Place in the configuration file. */
  readonly order: number;
  readonly name: string;
  readonly key: string;
  readonly type: BackendType;
  readonly priority: number;
  /** The requests that it can take at once, above 0. */
  readonly weight: number;
  readonly hasModelFilter: boolean;
  /** Requests in its own queue that are not from this cluster, by its last reading. */
  readonly foreignQueue: number;
  /** Result of the agent's checks, null for an endpoint that no agent has seen. `status` shows whether it serves. */
  readonly probed: EndpointSnapshot | null;
  /** The state that balancers weigh endpoints by. */
  readonly state: EndpointState;
  readonly live: EndpointLive;
  readonly #control: Drains;
  #status: EndpointStatus;
  #revision: number;

  /** @param order place of the endpoint in the configuration file */
  constructor(
    { control, live, concurrencyOf }: EndpointViewInput,
    settings: EndpointRouting,
    order: number,
    probed: EndpointSnapshot | null,
  ) {
    this.order = order;
    this.name = settings.name;
    this.key = settings.key;
    this.priority = settings.priority;
    this.hasModelFilter = settings.hasModelFilter ?? false;
    this.probed = probed;
    this.state = probed?.state ?? 'unknown';
    this.live = live.endpoint(settings.key);
    this.type = probed?.type ?? settings.type;
    const slots = probed?.load?.slots ?? null;
    this.weight = settings.weight ?? (slots !== null && slots > 0 ? slots : concurrencyOf(this.type));
    const ours = this.live.inFlight + this.live.othersInFlight;
    // The part of its queue that this cluster's own requests beyond its slots do not explain.
    const queued = probed?.load?.queued ?? 0;
    this.foreignQueue = Math.max(0, queued - Math.max(0, ours - (slots ?? this.weight)));
    this.#control = control;
    this.#revision = this.live.breaker.revision;
    this.#status = endpointStatus(this, probed, control, this.live.breaker);
  }

  /** At this moment: snapshot and control are fixed for a view, the breaker changes with traffic. */
  get status(): EndpointStatus {
    const { breaker } = this.live;
    if (breaker.revision !== this.#revision) {
      this.#revision = breaker.revision;
      this.#status = endpointStatus(this, this.probed, this.#control, breaker);
    }
    return this.#status;
  }

  /** Whether its models have been listed at least once. */
  get listed(): boolean {
    return this.probed !== null && this.probed.modelsAt !== null;
  }
}
