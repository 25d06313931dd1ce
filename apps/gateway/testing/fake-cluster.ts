import { settingsSchema, type Settings } from '@olla/config/schema';
import { endpointKey } from '@olla/core/endpoint-key';
import type { Instance } from '@olla/core/instance';
import { recordConnectionFailure } from '@olla/core/route-plan/breaker';
import { FleetLive } from '@olla/core/route-plan/fleet-live';
import { buildFleetView, type FleetView } from '@olla/core/route-plan/fleet-view';
import type { CatalogModel, EndpointModel, EndpointState, Snapshot } from '@olla/core/snapshot';
import {
  bucketOf,
  newTrafficCounters,
  type TrafficCounters,
  type WorkerStatistics,
} from '@olla/core/statistics';
import { applyControl } from '@olla/state/apply-control';
import type { Replies } from '@olla/state/ports/ask';
import type { Control } from '@olla/state/ports/control';
import type { LiveInstance } from '@olla/state/ports/directory';
import type { ClusterEvent } from '@olla/state/ports/events';
import type { StateHealth } from '@olla/state/ports/health';
import type { StatisticsReading } from '@olla/state/ports/statistics';
import { AdminToken } from '../src/admin/admin-token.ts';
import type { AdminRequest } from '../src/admin/respond.ts';
import type { AdminDeps } from '../src/admin/sources.ts';

/** A cluster of plain values for tests of the admin API, which change its fields. */
export const NOW = Date.UTC(2026, 10, 25, 12, 0, 0);

export interface FakeCluster {
  readonly deps: AdminDeps;
  readonly events: ClusterEvent[];
  /** Messages that were logged. */
  readonly lines: string[];
  /** Its breakers: of healthy endpoints until a test ejects one. */
  readonly live: FleetLive;
  snapshot: Snapshot | null;
  control: Control;
  draining: boolean;
  health: StateHealth;
  instances: LiveInstance[];
  reading: StatisticsReading;
  replies: Replies;
  /** Thrown by every question to the shared state. */
  failure: Error | null;
  now: number;
}

const ENDPOINTS = [
  { name: 'gpu-a', url: 'http://gpu-a.test:8000', type: 'vllm', priority: 100 },
  { name: 'gpu-b', url: 'http://gpu-b.test:8000', type: 'vllm', priority: 100 },
  { name: 'old box', url: 'http://old.test:11434', type: 'ollama', priority: 50 },
] as const;

export function fakeCluster(): FakeCluster {
  const settings: Settings = settingsSchema.parse({ discovery: { static: { endpoints: ENDPOINTS } } });
  const self = instance('worker', 1);
  const cluster: FakeCluster = {
    events: [],
    lines: [],
    live: new FleetLive(0),
    snapshot: fakeSnapshot(settings, {}),
    control: { revision: 3, drained: {}, refresh: 0 },
    draining: false,
    health: { connected: true, since: NOW - 60_000, outages: 0, latencyMs: 0.4, detail: '' },
    instances: [
      instance('primary', 0),
      self,
      instance('worker', 2),
      { ...instance('agent', 9), leading: true },
    ],
    reading: { workers: [], missing: [] },
    replies: { replies: [], missing: [] },
    failure: null,
    now: NOW,
    deps: {
      settings,
      self,
      snapshot: () => cluster.snapshot,
      endpoints: () => viewOf(settings, cluster).endpoints,
      control: () => cluster.control,
      draining: () => cluster.draining,
      adminToken: new AdminToken('secret-of-the-test'),
      startedAt: NOW - 3_600_000,
      build: { version: '0.1.0', commit: 'f00df00d', builtAt: '2026-11-30T12:00:00.000Z' },
      log: {
        debug: (message) => void cluster.lines.push(message),
        info: (message) => void cluster.lines.push(message),
        warn: (message) => void cluster.lines.push(message),
      },
      now: () => cluster.now,
      state: {
        kind: 'memory',
        health: { current: () => cluster.health },
        statistics: { read: () => replyOf(cluster, cluster.reading) },
        directory: { readInstances: () => replyOf(cluster, cluster.instances) },
        ask: { ask: () => replyOf(cluster, cluster.replies) },
        events: {
          publish: (event) =>
            void cluster.events.push({ time: new Date(cluster.now).toISOString(), ...event }),
          recent: () => replyOf(cluster, cluster.events),
        },
        control: {
          change: async (change) => {
            await replyOf(cluster, null);
            cluster.control = applyControl(cluster.control, change, cluster.now);
            return cluster.control;
          },
        },
      },
    },
  };
  return cluster;
}

/** A request of now fails to connect to the endpoint. */
export function eject(cluster: FakeCluster, name: string): void {
  const endpoint = viewOf(cluster.deps.settings, cluster).endpoint(name);
  if (endpoint === undefined) throw new Error(`no endpoint is called ${name}`);
  const failure = { reason: 'connection refused', startedAt: cluster.now };
  recordConnectionFailure(endpoint.live.breaker, failure, cluster.now);
}

function viewOf(settings: Settings, { snapshot, control, live }: FakeCluster): FleetView {
  return buildFleetView({
    snapshot,
    control,
    live,
    endpoints: settings.discovery.static.endpoints.map(({ name, url, type, priority, weight }) => ({
      name,
      key: endpointKey(name, url, type),
      type,
      priority,
      weight,
    })),
    names: { steps: () => [], listed: [] },
    concurrencyOf: () => 1,
  });
}

function replyOf<T>(cluster: FakeCluster, value: T): Promise<T> {
  return cluster.failure === null ? Promise.resolve(value) : Promise.reject(cluster.failure);
}

/** A snapshot in which every endpoint is healthy unless given otherwise. `shared` is on both GPUs, `only-a` on one. */
export function fakeSnapshot(settings: Settings, states: Readonly<Record<string, EndpointState>>): Snapshot {
  return {
    version: { token: 7, n: 12 },
    publishedAt: NOW - 500,
    agent: 'agent-9',
    endpoints: settings.discovery.static.endpoints.map(({ name, url, type }) => ({
      name,
      key: endpointKey(name, url, type),
      type: type === 'auto' ? 'openai-compatible' : type,
      state: states[name] ?? 'healthy',
      reason: states[name] === undefined ? '' : 'connection refused',
      since: NOW - 10_000,
      checkedAt: NOW - 1_000,
      nextCheckAt: NOW + 4_000,
      checkLatencyMs: 3,
      modelsAt: NOW - 20_000,
      listedAfterRefresh: 0,
      load: { slots: 64, running: 2, queued: 0, kvUsage: 0.25, at: NOW - 1_000 },
      serverVersion: null,
    })),
    catalog: {
      revision: 1,
      models: [
        model('shared', ['gpu-a', 'gpu-b']),
        model('only-a', ['gpu-a']),
        model('tiny:1b', ['old box']),
      ],
    },
  };
}

function model(id: string, endpoints: readonly string[]): CatalogModel {
  const here: EndpointModel = {
    name: id,
    kind: 'llm',
    resident: true,
    residentUntil: null,
    contextLength: 32_768,
    sizeBytes: 4 * 1024 ** 3,
    family: 'qwen3',
    parameterSize: '8B',
    quantization: 'Q4_K_M',
    format: null,
    digest: null,
    publisher: null,
    capabilities: ['chat'],
    modifiedAt: null,
  };
  return {
    id,
    aliases: [],
    kind: 'llm',
    family: 'qwen3',
    variant: null,
    parameterSize: '8B',
    parameterCount: 8e9,
    quantization: 'Q4_K_M',
    format: null,
    contextLength: 32_768,
    capabilities: ['chat'],
    created: 1_760_000_000,
    locations: endpoints.map((endpoint) => ({ endpoint, model: here })),
  };
}

export function instance(role: Instance['role'], n: number): LiveInstance {
  return {
    id: `${role}-${n}`,
    role,
    host: 'host-1',
    gateway: 'primary-0',
    pid: 100 + n,
    version: '0.1.0',
    startedAt: NOW - 3_600_000,
    configHash: 'aaaa',
    ageMs: 200,
    leading: false,
  };
}

/** Counters of requests that took the given milliseconds. */
export function traffic(
  durationsMs: readonly number[],
  more: Partial<TrafficCounters> = {},
): TrafficCounters {
  const counters = newTrafficCounters();
  for (const ms of durationsMs) {
    counters.requests += 1;
    counters.durationSumMs += ms;
    counters.minMs = counters.requests === 1 ? ms : Math.min(counters.minMs, ms);
    counters.maxMs = Math.max(counters.maxMs, ms);
    const bucket = bucketOf(ms);
    counters.durationBuckets[bucket] = (counters.durationBuckets[bucket] ?? 0) + 1;
    counters.firstByteBuckets[bucket] = (counters.firstByteBuckets[bucket] ?? 0) + 1;
  }
  return { ...counters, ...more };
}

export function workerStatistics(more: Partial<WorkerStatistics>): WorkerStatistics {
  return {
    total: newTrafficCounters(),
    endpoints: {},
    models: {},
    modelEndpoints: {},
    inFlight: {},
    connections: 0,
    rejected: { global: 0, perIp: 0, health: 0, size: 0 },
    blockedAddresses: 0,
    leaseWaits: 0,
    droppedSpans: 0,
    ...more,
  };
}

export function reportOf(
  worker: string,
  statistics: WorkerStatistics,
  alive = true,
): StatisticsReading['workers'][number] {
  return { instance: worker, gateway: 'primary-0', host: 'host-1', alive, ageMs: 0, statistics };
}

export function request(method: string, target: string, headers: AdminRequest['headers'] = {}): AdminRequest {
  const [path = '', query = ''] = target.split('?');
  return {
    method,
    path,
    query: new URLSearchParams(query),
    headers,
    clientAddress: '127.0.0.1',
    isOutsider: false,
  };
}
