import {
  addRouting,
  addTraffic,
  newModelRouting,
  newTrafficCounters,
  type InvalidResponse,
  type ModelRouting,
  type SessionCounters,
  type TrafficCounters,
} from '@olla/core/statistics';
import type { StatisticsReading } from '@olla/state/ports/statistics';

/** The counters of all workers of the cluster, dead ones included. */
export interface ClusterStatistics {
  readonly total: TrafficCounters;
  readonly endpoints: ReadonlyMap<string, TrafficCounters>;
  readonly models: ReadonlyMap<string, TrafficCounters>;
  /** By model, then endpoint. */
  readonly modelEndpoints: ReadonlyMap<string, ReadonlyMap<string, TrafficCounters>>;
  readonly routing: ReadonlyMap<string, ModelRouting>;
  /** Requests in flight of live workers, by endpoint name. */
  readonly inFlight: ReadonlyMap<string, number>;
  readonly inFlightTotal: number;
  readonly connections: number;
  readonly rejected: {
    readonly global: number;
    readonly perIp: number;
    readonly health: number;
    readonly size: number;
  };
  readonly blockedAddresses: number;
  readonly leaseWaits: number;
  readonly droppedSpans: number;
  /** The newest of each endpoint, by its name. */
  readonly invalidResponses: ReadonlyMap<string, InvalidResponse>;
  /** Workers share their sessions, so the largest number counts instead of the sum. */
  readonly sessions: SessionCounters;
  readonly oldestMs: number;
}

export function sumStatistics(reading: StatisticsReading): ClusterStatistics {
  const total = newTrafficCounters();
  const endpoints = new Map<string, TrafficCounters>();
  const models = new Map<string, TrafficCounters>();
  const modelEndpoints = new Map<string, Map<string, TrafficCounters>>();
  const routing = new Map<string, ModelRouting>();
  const inFlight = new Map<string, number>();
  const invalidResponses = new Map<string, InvalidResponse>();
  const rejected = { global: 0, perIp: 0, health: 0, size: 0 };
  const sessions = { active: 0, insertions: 0, hits: 0, misses: 0, evictions: 0 };
  const sums = {
    connections: 0,
    blockedAddresses: 0,
    leaseWaits: 0,
    droppedSpans: 0,
    oldestMs: 0,
    inFlightTotal: 0,
  };
  for (const { statistics, alive, ageMs } of reading.workers) {
    addTraffic(total, statistics.total);
    for (const [name, counters] of Object.entries(statistics.endpoints))
      addTraffic(entry(endpoints, name), counters);
    for (const [name, counters] of Object.entries(statistics.models))
      addTraffic(entry(models, name), counters);
    for (const [pair, counters] of Object.entries(statistics.modelEndpoints)) {
      const [model = '', endpoint = ''] = pair.split('\u0000');
      let row = modelEndpoints.get(model);
      if (row === undefined) modelEndpoints.set(model, (row = new Map()));
      addTraffic(entry(row, endpoint), counters);
    }
    for (const [name, counted] of Object.entries(statistics.routing ?? {})) {
      let sum = routing.get(name);
      if (sum === undefined) routing.set(name, (sum = newModelRouting()));
      addRouting(sum, counted);
    }
    for (const limit of ['global', 'perIp', 'health', 'size'] as const)
      rejected[limit] += statistics.rejected[limit];
    sums.leaseWaits += statistics.leaseWaits;
    sums.droppedSpans += statistics.droppedSpans;
    if (statistics.sessions !== undefined) addSessions(sessions, statistics.sessions, alive);
    for (const found of statistics.invalidResponses ?? [])
      if (found.at > (invalidResponses.get(found.endpoint)?.at ?? 0))
        invalidResponses.set(found.endpoint, found);
    if (!alive) continue; // a dead worker's counters count, but it has nothing in flight
    for (const [name, count] of Object.entries(statistics.inFlight)) {
      inFlight.set(name, (inFlight.get(name) ?? 0) + count);
      sums.inFlightTotal += count;
    }
    sums.connections += statistics.connections;
    sums.blockedAddresses += statistics.blockedAddresses;
    sums.oldestMs = Math.max(sums.oldestMs, ageMs);
  }
  return {
    total,
    endpoints,
    models,
    modelEndpoints,
    routing,
    inFlight,
    invalidResponses,
    rejected,
    sessions,
    ...sums,
  };
}

function addSessions(into: Mutable<SessionCounters>, from: SessionCounters, alive: boolean): void {
  into.insertions += from.insertions;
  into.hits += from.hits;
  into.misses += from.misses;
  if (!alive) return;
  into.active = Math.max(into.active, from.active);
  into.evictions = Math.max(into.evictions, from.evictions);
}

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] };

function entry(map: Map<string, TrafficCounters>, name: string): TrafficCounters {
  let counters = map.get(name);
  if (counters === undefined) map.set(name, (counters = newTrafficCounters()));
  return counters;
}
