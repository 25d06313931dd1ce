import type { Settings } from '@olla/config/schema';
import { endpointKey } from '@olla/core/endpoint-key';
import type { EndpointStatus } from '@olla/core/endpoint-status';
import type { EndpointView } from '@olla/core/route-plan/endpoint-view';
import type { EndpointSnapshot, Snapshot } from '@olla/core/snapshot';
import { newTrafficCounters, type InvalidResponse, type TrafficCounters } from '@olla/core/statistics';
import type { Control } from '@olla/state/ports/control';
import type { ClusterStatistics } from './sum-statistics.ts';

/** One endpoint of this gateway's configuration with all that is known of it. */
export interface EndpointRow {
  readonly name: string;
  /** A short and stable id that does not reveal the endpoint's address. */
  readonly id: string;
  readonly url: string;
  readonly type: string;
  readonly priority: number;
  readonly status: EndpointStatus;
  /** The operator who drained it; null unless it is drained. */
  readonly drainedBy: string | null;
  /** The result of the agent's checks; null before the first one. */
  readonly probed: EndpointSnapshot | null;
  readonly models: readonly string[];
  /** Models in its memory; null if it does not report them. */
  readonly loaded: number | null;
  readonly traffic: TrafficCounters;
  readonly inFlight: number;
  /** Null where it sent none lately. */
  readonly invalidResponse: InvalidResponse | null;
}

export interface EndpointSources {
  readonly settings: Settings;
  /** This worker's own view, by which it plans. */
  readonly endpoints: readonly EndpointView[];
  readonly snapshot: Snapshot | null;
  readonly control: Control;
  readonly statistics: ClusterStatistics;
}

/** The configured endpoints, highest priority first, then those that serve, then by name. */
export function endpointRows(sources: EndpointSources): EndpointRow[] {
  const { settings, endpoints, snapshot, control, statistics } = sources;
  const settingsOf = new Map(
    settings.discovery.static.endpoints.map((endpoint) => [endpoint.name, endpoint]),
  );
  const models = modelsByEndpoint(snapshot);
  const rows = endpoints.map(({ name, probed, priority, status }): EndpointRow => {
    const { url = '', type = '' } = settingsOf.get(name) ?? {};
    const has = models.get(name);
    return {
      name,
      id: endpointKey('', `${name}\n${url}`, type).slice(1),
      url,
      type: probed?.type ?? type,
      priority,
      status,
      drainedBy: Object.hasOwn(control.drained, name) ? (control.drained[name]?.by ?? null) : null,
      probed,
      models: has?.names ?? [],
      loaded: has?.loaded ?? null,
      traffic: statistics.endpoints.get(name) ?? newTrafficCounters(),
      inFlight: statistics.inFlight.get(name) ?? 0,
      invalidResponse: statistics.invalidResponses.get(name) ?? null,
    };
  });
  return rows.sort(
    (a, b) =>
      b.priority - a.priority ||
      Number(b.status.serves) - Number(a.status.serves) ||
      compareText(a.name, b.name),
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
 * Models that only this endpoint serves now, so that clients lose them if it is drained. Empty for an endpoint that
 * serves nothing anyway.
 */
export function modelsLostWithout(
  name: string,
  rows: readonly EndpointRow[],
  snapshot: Snapshot | null,
): string[] {
  const serving = new Set(rows.filter(({ status }) => status.serves).map((row) => row.name));
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
