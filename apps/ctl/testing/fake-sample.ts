import type { UnifiedModel } from '@olla/admin-api/client';
import type { StatsModelsBody } from '@olla/admin-api/schema/stats';
import type { StatusBody } from '@olla/admin-api/schema/status';
import { readMoment } from '@olla/gateway/admin/sources';
import { statsModelsBody } from '@olla/gateway/admin/stats-body';
import { statusBody } from '@olla/gateway/admin/status-body';
import {
  fakeCluster,
  fakeSnapshot,
  reportOf,
  traffic,
  workerStatistics,
  type FakeCluster,
} from '@olla/gateway/testing/fake-cluster';
import type { Sample } from '../src/top/history.ts';

export interface FakeSample extends Sample {
  readonly stats: StatsModelsBody;
}

/** A sample of a fake cluster, made by the code of the admin API. */
export async function takeSample(cluster: FakeCluster, receivedMs: number): Promise<FakeSample> {
  const moment = await readMoment(cluster.deps);
  const status: StatusBody = statusBody(moment);
  const stats: StatsModelsBody = statsModelsBody(moment, new URLSearchParams());
  return { status, stats, models: listModels(cluster), receivedMs };
}

/** The models of a fake cluster as `/olla/models` lists them. */
export function listModels(cluster: FakeCluster): UnifiedModel[] {
  return (cluster.snapshot?.catalog.models ?? []).map((model) => ({
    id: model.id,
    olla: {
      family: model.family ?? '',
      variant: '',
      parameter_size: model.parameterSize ?? '',
      quantization: model.quantization ?? '',
      aliases: [...model.aliases],
      availability: model.locations.map(({ endpoint, model: { resident } }) => ({
        endpoint,
        state: resident === null ? 'unknown' : resident ? 'loaded' : 'not-loaded',
      })),
      capabilities: [...model.capabilities],
      max_context_length: model.contextLength ?? 0,
    },
  }));
}

/** A cluster with three endpoints, one offline and one drained, after a number of requests of 200 ms each. */
export function busyCluster(requests: number): FakeCluster {
  const cluster = fakeCluster();
  setRequestCount(cluster, requests);
  cluster.snapshot = fakeSnapshot(cluster.deps.settings, { 'old box': 'offline' });
  cluster.control = { ...cluster.control, drained: { 'gpu-b': { by: 'ann', at: cluster.now } } };
  return cluster;
}

/** Sets the counters of the cluster's one worker. */
export function setRequestCount(cluster: FakeCluster, requests: number, failures = 0): void {
  const counters = traffic(new Array<number>(requests).fill(200), { failures, tokensOut: requests * 50 });
  const statistics = workerStatistics({
    total: counters,
    endpoints: { 'gpu-a': counters },
    models: { shared: counters },
    inFlight: { 'gpu-a': 16 },
  });
  cluster.reading = { workers: [reportOf('worker-1', statistics)], missing: [] };
}

/** A cluster with one endpoint for each name. */
export function clusterOf(names: readonly string[]): FakeCluster {
  const cluster = fakeCluster();
  const { settings } = cluster.deps;
  const [first] = settings.discovery.static.endpoints;
  if (first === undefined) throw new Error('the fake cluster has no endpoint');
  settings.discovery.static.endpoints = names.map((name) => ({ ...first, name }));
  cluster.snapshot = fakeSnapshot(settings, {});
  return cluster;
}
