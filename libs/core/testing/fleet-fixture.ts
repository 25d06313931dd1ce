import assert from 'node:assert/strict';
import type { BackendType } from '../src/backend-type.ts';
import type {
  CatalogModel,
  EndpointModel,
  EndpointSnapshot,
  EndpointState,
  Snapshot,
} from '../src/snapshot.ts';
import { indexCatalog } from '../src/catalog/index-catalog.ts';
import { modelNames, type ConfiguredNames } from '../src/catalog/model-names.ts';
import { recordConnectionFailure, type Breaker } from '../src/route-plan/breaker.ts';
import { FleetLive } from '../src/route-plan/fleet-live.ts';
import { buildFleetView, type FleetView, type RouteScope } from '../src/route-plan/fleet-view.ts';
import {
  planRoute,
  type Plan,
  type RouteRequest,
  type RoutedPlan,
  type RoutePolicy,
} from '../src/route-plan/plan-route.ts';

/** One endpoint of a fleet that is made for a test. */
export interface Spec {
  readonly name: string;
  readonly type?: BackendType;
  readonly state?: EndpointState;
  readonly models?: Readonly<Record<string, string>>;
  readonly resident?: boolean | null;
  readonly priority?: number;
  readonly weight?: number | null;
  readonly slots?: number;
  readonly queued?: number;
  readonly listed?: boolean;
  readonly drained?: boolean;
  readonly filtered?: boolean;
}

const DRAIN = { by: 'ann', at: 1 };

export const ALL: RouteScope = { label: '/olla/proxy', types: null };
export const VLLM: RouteScope = { label: '/olla/vllm', types: new Set<BackendType>(['vllm']) };
export const STRICT: RoutePolicy = {
  balancer: 'least-connections',
  strategy: 'strict',
  fallback: 'compatible_only',
  refreshOnMiss: false,
};
export const ROUND_ROBIN: RoutePolicy = { ...STRICT, balancer: 'round-robin' };

function endpointModel(name: string, resident: boolean | null): EndpointModel {
  return {
    name,
    kind: 'llm',
    resident,
    residentUntil: null,
    contextLength: null,
    sizeBytes: null,
    family: null,
    parameterSize: null,
    quantization: null,
    format: null,
    digest: null,
    publisher: null,
    capabilities: [],
    modifiedAt: null,
  };
}

export function endpointSnapshot(spec: Spec, checkedAt = 1): EndpointSnapshot {
  return {
    name: spec.name,
    key: spec.name,
    type: spec.type ?? 'ollama',
    state: spec.state ?? 'healthy',
    reason: spec.state === 'offline' ? 'connection refused' : '',
    since: 0,
    checkedAt,
    nextCheckAt: null,
    checkLatencyMs: 1,
    modelsAt: spec.listed === false ? null : 1,
    listedAfterRefresh: 0,
    load:
      spec.slots === undefined
        ? null
        : { slots: spec.slots, running: null, queued: spec.queued ?? null, kvUsage: null, at: 1 },
    serverVersion: null,
  };
}

/** Models of the catalog by id; each spec's `models` gives the endpoint's name for an id. */
export function modelOf(specs: readonly Spec[], id: string): CatalogModel | undefined {
  const locations = specs.flatMap((spec) => {
    const native = spec.models?.[id];
    return native === undefined
      ? []
      : [{ endpoint: spec.name, model: endpointModel(native, spec.resident ?? null) }];
  });
  if (locations.length === 0) return undefined;
  return {
    id,
    aliases: locations.map(({ model }) => model.name),
    kind: 'llm',
    family: null,
    variant: null,
    parameterSize: null,
    parameterCount: null,
    quantization: null,
    format: null,
    contextLength: null,
    capabilities: [],
    created: 0,
    locations,
  };
}

export function fleet(
  specs: readonly Spec[],
  aliases: ConfiguredNames['aliases'] = {},
  live = new FleetLive(0),
  checkedAt = 1,
  fallbacks: ConfiguredNames['fallbacks'] = {},
): FleetView {
  const ids = [...new Set(specs.flatMap((spec) => Object.keys(spec.models ?? {})))];
  const models = ids.map((id) => modelOf(specs, id) as CatalogModel);
  const snapshot: Snapshot = {
    version: { token: 1, n: 1 },
    publishedAt: 0,
    agent: 'a',
    endpoints: specs.map((spec) => endpointSnapshot(spec, checkedAt)),
    catalog: { revision: 1, models },
  };
  return buildFleetView({
    snapshot,
    endpoints: specs.map(({ name, type, priority, weight, filtered }) => ({
      name,
      key: name,
      type: type ?? 'ollama',
      priority: priority ?? 100,
      weight: weight === undefined ? 1 : weight,
      hasModelFilter: filtered ?? false,
    })),
    control: {
      drained: Object.fromEntries(specs.filter((spec) => spec.drained).map(({ name }) => [name, DRAIN])),
    },
    names: modelNames(indexCatalog(snapshot.catalog), { aliases, fallbacks }),
    live,
    concurrencyOf: () => 4,
  });
}

export function routed(plan: Plan): RoutedPlan {
  assert.equal(plan.kind, 'routed');
  return plan as RoutedPlan;
}

export function names(plan: Plan): string[] {
  return routed(plan).candidates.map(({ endpoint }) => endpoint.name);
}

export function request(model: string | null, scope = ALL): RouteRequest {
  return { scope, model };
}

/** Sends one request after another, each over before the next; counts where they went. */
export function sequence(
  view: FleetView,
  count: number,
  policy: RoutePolicy,
  model = 'm',
): Record<string, number> {
  const sent: Record<string, number> = {};
  for (let i = 0; i < count; i += 1) {
    const first = names(planRoute(view, request(model), policy))[0] as string;
    sent[first] = (sent[first] ?? 0) + 1;
  }
  return sent;
}

/** Sends requests that stay; counts what each endpoint holds. */
export function load(view: FleetView, count: number, policy = STRICT): Record<string, number> {
  for (let i = 0; i < count; i += 1) {
    const first = routed(planRoute(view, request('m'), policy)).candidates[0];
    assert.ok(first !== undefined);
    first.endpoint.live.inFlight += 1;
  }
  return Object.fromEntries(view.endpoints.map(({ name, live }) => [name, live.inFlight]));
}

export const three: Spec[] = ['a', 'b', 'c'].map((name) => ({ name, models: { m: 'm' } }));

export function breakerOf(view: FleetView, name: string): Breaker {
  const endpoint = view.endpoint(name);
  assert.ok(endpoint !== undefined);
  return endpoint.live.breaker;
}

/** A request of now fails to connect to the endpoint. */
export function eject(view: FleetView, name: string, now: number): void {
  recordConnectionFailure(breakerOf(view, name), { reason: 'connection refused', startedAt: now }, now);
}
