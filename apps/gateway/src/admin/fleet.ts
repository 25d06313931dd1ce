import type { Settings } from '@olla/config/schema';
import { endpointKey } from '@olla/core/endpoint-key';
import {
  ROUTABLE_STATES,
  type EndpointSnapshot,
  type EndpointState,
  type Snapshot,
} from '@olla/core/snapshot';
import { newTrafficCounters, type TrafficCounters } from '@olla/core/statistics';
import type { Control } from '@olla/state/port';
import type { ClusterStatistics } from './sum-statistics.ts';

/** One endpoint of this host's configuration with all that is known of it. */
export interface FleetEndpoint {
  readonly name: string;
  /** Short, stable, tells nothing. */
  readonly id: string;
  readonly url: string;
  readonly type: string;
  readonly priority: number;
  readonly state: EndpointState;
  readonly reason: string;
  /** Reachable and not drained. */
  readonly serves: boolean;
  readonly routable: boolean;
  readonly drained: { readonly by: string; readonly at: number } | null;
  readonly seen: EndpointSnapshot | null;
  readonly models: readonly string[];
  /** Models in its memory; null where it does not tell. */
  readonly loaded: number | null;
  readonly traffic: TrafficCounters;
  readonly inFlight: number;
}

export interface FleetSources {
  readonly settings: Settings;
  readonly snapshot: Snapshot | null;
  readonly control: Control;
  readonly statistics: ClusterStatistics;
}

/** The configured endpoints, highest priority first, then those that serve, then by name. */
export function buildFleet({ settings, snapshot, control, statistics }: FleetSources): FleetEndpoint[] {
  const seenByKey = new Map(snapshot?.endpoints.map((endpoint) => [endpoint.key, endpoint]));
  const models = modelsByEndpoint(snapshot);
  const fleet = settings.discovery.static.endpoints.map(({ name, url, type, priority }): FleetEndpoint => {
    const seen = seenByKey.get(endpointKey(name, url, type)) ?? null;
    const state = seen?.state ?? 'unknown';
    const routable = ROUTABLE_STATES.has(state);
    const drained = control.drained[name] ?? null;
    const has = models.get(name);
    return {
      name,
      id: endpointKey('', `${name}\n${url}`, type).slice(1),
      url,
      type: seen?.type ?? type,
      priority,
      state,
      reason: seen?.reason ?? 'not probed yet',
      serves: routable && drained === null,
      routable,
      drained,
      seen,
      models: has?.names ?? [],
      loaded: has?.loaded ?? null,
      traffic: statistics.endpoints.get(name) ?? newTrafficCounters(),
      inFlight: statistics.inFlight.get(name) ?? 0,
    };
  });
  return fleet.sort(
    (a, b) =>
      b.priority - a.priority || Number(b.routable) - Number(a.routable) || compareText(a.name, b.name),
  );
}

interface EndpointModels {
  readonly names: string[];
  loaded: number | null;
}

function modelsByEndpoint(snapshot: Snapshot | null): Map<string, EndpointModels> {
  const byEndpoint = new Map<string, EndpointModels>();
  for (const { id, locations } of snapshot?.catalog.models ?? []) {
    for (const { endpoint, model } of locations) {
      let entry = byEndpoint.get(endpoint);
      if (entry === undefined) byEndpoint.set(endpoint, (entry = { names: [], loaded: null }));
      entry.names.push(id);
      if (model.resident !== null) entry.loaded = (entry.loaded ?? 0) + (model.resident ? 1 : 0);
    }
  }
  return byEndpoint;
}

/**
 * Models that only this endpoint serves at the moment: gone for clients once it is drained. Empty for an endpoint that
 * serves nothing anyway.
 */
export function modelsLostWithout(
  name: string,
  fleet: readonly FleetEndpoint[],
  snapshot: Snapshot | null,
): string[] {
  const serving = new Set(fleet.filter((endpoint) => endpoint.serves).map((endpoint) => endpoint.name));
  if (!serving.has(name)) return [];
  const lost: string[] = [];
  for (const { id, locations } of snapshot?.catalog.models ?? []) {
    const hosts = locations.filter(({ endpoint }) => serving.has(endpoint));
    if (hosts.length > 0 && hosts.every(({ endpoint }) => endpoint === name)) lost.push(id);
  }
  return lost.sort(compareText);
}

export function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
