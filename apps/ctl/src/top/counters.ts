import type { UnifiedModel } from '@olla/admin-api/client';
import type { StatsModelsBody } from '@olla/admin-api/schema/stats';
import type { StatusBody } from '@olla/admin-api/schema/status';
import type { TrafficBody } from '@olla/admin-api/schema/traffic';
import { percentileMs } from '@olla/core/percentile';
import { LATENCY_BUCKETS_MS } from '@olla/core/statistics';
import { countedNames } from '../view/model-rows.ts';

/** The counters of one endpoint, one model or the cluster. */
export interface Counters {
  readonly requests: number;
  readonly failures: number;
  readonly retries: number;
  readonly tokens: number;
  readonly ttftBuckets: readonly number[];
}

/** All counters of the cluster at one moment. */
export interface CounterSnapshot {
  /** Milliseconds of the gateway's clock. */
  readonly atMs: number;
  readonly total: Counters;
  readonly rejected: number;
  readonly endpoints: ReadonlyMap<string, Counters>;
  readonly models: ReadonlyMap<string, Counters>;
}

/** Rates between two snapshots; null when they are unknown. */
export interface Rates {
  readonly requestsPerS: number | null;
  readonly tokensPerS: number | null;
  readonly retriesPerMin: number | null;
  /** Share of failed requests, 0 to 1; null without requests. */
  readonly failed: number | null;
  readonly ttftP50Ms: number | null;
  readonly ttftP95Ms: number | null;
}

export const NO_RATES: Rates = {
  requestsPerS: null,
  tokensPerS: null,
  retriesPerMin: null,
  failed: null,
  ttftP50Ms: null,
  ttftP95Ms: null,
};

export function toCounters(traffic: TrafficBody): Counters {
  return {
    requests: traffic.requests_total,
    failures: traffic.failures_total,
    retries: traffic.retries_total,
    tokens: traffic.tokens_out_total,
    ttftBuckets: traffic.ttft_buckets,
  };
}

export interface CounterSources {
  readonly status: StatusBody;
  readonly stats: StatsModelsBody | null;
  readonly models: readonly UnifiedModel[];
}

export function snapshotCounters({ status, stats, models }: CounterSources, atMs: number): CounterSnapshot {
  const served = new Map(stats?.models.map((model) => [model.name, toCounters(model)]));
  const { limits } = status;
  return {
    atMs,
    total: toCounters(status.traffic),
    rejected: limits.global.rejected_total + limits.per_ip.rejected_total,
    endpoints: new Map(status.endpoints.map((endpoint) => [endpoint.name, toCounters(endpoint)])),
    models: new Map(
      models.map((model) => [
        model.id,
        addCounters(countedNames(model).flatMap((name) => served.get(name) ?? [])),
      ]),
    ),
  };
}

function addCounters(all: readonly Counters[]): Counters {
  const sum = (pick: (counters: Counters) => number) => all.reduce((total, each) => total + pick(each), 0);
  return {
    requests: sum(({ requests }) => requests),
    failures: sum(({ failures }) => failures),
    retries: sum(({ retries }) => retries),
    tokens: sum(({ tokens }) => tokens),
    ttftBuckets: [...LATENCY_BUCKETS_MS, Infinity].map((_, index) =>
      sum(({ ttftBuckets }) => ttftBuckets[index] ?? 0),
    ),
  };
}

/** Rates between two snapshots. They are unknown after a restart of the cluster, which makes a counter fall. */
export function ratesBetween(from: Counters | undefined, to: Counters | undefined, elapsedMs: number): Rates {
  if (from === undefined || to === undefined || elapsedMs <= 0) return NO_RATES;
  const requests = to.requests - from.requests;
  const failures = to.failures - from.failures;
  const tokens = to.tokens - from.tokens;
  const retries = to.retries - from.retries;
  const ttft = to.ttftBuckets.map((count, index) => count - (from.ttftBuckets[index] ?? 0));
  if (Math.min(requests, failures, tokens, retries, ...ttft) < 0) return NO_RATES;
  return {
    requestsPerS: (requests * 1_000) / elapsedMs,
    tokensPerS: (tokens * 1_000) / elapsedMs,
    retriesPerMin: (retries * 60_000) / elapsedMs,
    failed: requests === 0 ? null : failures / requests,
    ttftP50Ms: percentileMs(ttft, 0.5),
    ttftP95Ms: percentileMs(ttft, 0.95),
  };
}
