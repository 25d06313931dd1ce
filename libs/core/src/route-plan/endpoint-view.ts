import type { BackendType } from '../backend-type.ts';
import { ROUTABLE_STATES, type EndpointSnapshot, type EndpointState } from '../snapshot.ts';
import { applyCheck } from './breaker.ts';
import type { EndpointLive, FleetLive } from './fleet-live.ts';

/** What the configuration says of an endpoint, as far as routing needs it. */
export interface EndpointRouting {
  readonly name: string;
  /** See endpoint-key.ts. */
  readonly key: string;
  /** What it is taken for until a snapshot tells its type. */
  readonly type: BackendType;
  readonly priority: number;
  /** null: its slots where the backend tells them, else what is usual for the type. */
  readonly weight: number | null;
}

/** One endpoint as one snapshot shows it. */
export interface EndpointView {
  /** Place in the configuration file. */
  readonly order: number;
  readonly name: string;
  readonly key: string;
  readonly type: BackendType;
  readonly state: EndpointState;
  readonly reason: string;
  readonly routable: boolean;
  /** Taken out of service by an operator. */
  readonly drained: boolean;
  /** Whether its models have been listed at least once. */
  readonly listed: boolean;
  readonly priority: number;
  /** Requests it is worth at once, above 0. */
  readonly weight: number;
  /** Requests that wait in its own queue and are not from this cluster, by its last reading. */
  readonly foreignQueue: number;
  readonly live: EndpointLive;
}

export interface EndpointViewInput {
  /** By endpoint name, as Control has it. */
  readonly drained: Readonly<Record<string, unknown>>;
  readonly live: FleetLive;
  /** Requests that a server of a type usually works on at once. */
  readonly concurrencyOf: (type: BackendType) => number;
  /** The caller's clock in epoch milliseconds, for breakers. */
  readonly now: number;
}

/** @param order place of the endpoint in the configuration file */
export function viewEndpoint(
  input: EndpointViewInput,
  settings: EndpointRouting,
  order: number,
  seen: EndpointSnapshot | undefined,
): EndpointView {
  const live = input.live.endpoint(settings.key);
  const type = seen?.type ?? settings.type;
  const state = seen?.state ?? 'unknown';
  const routable = ROUTABLE_STATES.has(state);
  const slots = seen?.load?.slots ?? null;
  const weight = settings.weight ?? (slots !== null && slots > 0 ? slots : input.concurrencyOf(type));
  const ours = live.inFlight + live.othersInFlight;
  applyCheck(live.breaker, seen?.checkedAt ?? null, routable, input.now);
  return {
    order,
    name: settings.name,
    key: settings.key,
    type,
    state,
    reason: seen?.reason ?? 'not probed yet',
    routable,
    drained: Object.hasOwn(input.drained, settings.name),
    listed: seen !== undefined && seen.modelsAt !== null,
    priority: settings.priority,
    weight,
    // Of its queue, what this cluster's own requests beyond its slots do not explain.
    foreignQueue: Math.max(0, (seen?.load?.queued ?? 0) - Math.max(0, ours - (slots ?? weight))),
    live,
  };
}
