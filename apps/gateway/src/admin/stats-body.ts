import type { StatsModelsBody, StatsStickyBody, StatsTranslatorsBody } from '@olla/admin-api/schema/stats';
import { estimateDistinct, newDistinctCount } from '@olla/core/distinct-count';
import { newRecord } from '@olla/core/records';
import {
  addTraffic,
  newTrafficCounters,
  type ModelRouting,
  type TrafficCounters,
} from '@olla/core/statistics';
import { compareText } from './endpoint-rows.ts';
import { formatAgo, formatBytes, formatLatency, isoOrNull } from './format.ts';
import type { Moment } from './sources.ts';
import { averageMs, successRate, successes, trafficBody, trafficBytes } from './traffic-body.ts';

/** GET /internal/stats/models: most requested first. */
export function statsModelsBody({ now, statistics }: Moment, query: URLSearchParams): StatsModelsBody {
  const rows = [...statistics.models].sort(([a, x], [b, y]) => y.requests - x.requests || compareText(a, b));
  const all = newTrafficCounters();
  for (const [, counters] of rows) addTraffic(all, counters);
  const body: StatsModelsBody = {
    timestamp: new Date(now).toISOString(),
    endpoints: query.get('include_endpoints') === 'true' ? byEndpoint(statistics.modelEndpoints) : {},
    models: rows.map(([name, counters]) => modelRow(name, counters, statistics.routing.get(name), now)),
  };
  if (query.get('include_summary') === 'false') return body;
  return {
    ...body,
    summary: {
      overall_success_rate: successRate(all),
      total_traffic: formatBytes(trafficBytes(all)),
      most_popular_model: rows[0]?.[0] ?? '',
      least_popular_model: rows.at(-1)?.[0] ?? '',
      total_models: rows.length,
      active_models: rows.filter(([, counters]) => counters.requests > 0).length,
      total_requests: all.requests,
    },
  };
}

function modelRow(
  name: string,
  counters: TrafficCounters,
  routing: ModelRouting | undefined,
  now: number,
): StatsModelsBody['models'][number] {
  const traffic = trafficBody(counters);
  const lastAt = counters.lastAt > 0 ? counters.lastAt : null;
  return {
    name,
    success_rate: successRate(counters),
    total_traffic: formatBytes(trafficBytes(counters)),
    average_latency: formatLatency(averageMs(counters)),
    p95_latency: formatLatency(traffic.latency_p95_ms),
    p99_latency: formatLatency(traffic.latency_p99_ms),
    last_requested: formatAgo(lastAt, now),
    last_requested_at: isoOrNull(lastAt),
    total_requests: counters.requests,
    successful_requests: successes(counters),
    failed_requests: counters.failures,
    unique_clients: estimateDistinct(routing?.clients ?? newDistinctCount()),
    routing_hits: routing?.hits ?? 0,
    routing_misses: routing?.misses ?? 0,
    routing_fallbacks: routing?.fallbacks ?? 0,
    ...traffic,
  };
}

function byEndpoint(pairs: Moment['statistics']['modelEndpoints']): StatsModelsBody['endpoints'] {
  const body = newRecord<StatsModelsBody['endpoints'][string]>();
  for (const [model, endpoints] of pairs) {
    body[model] = Object.fromEntries(
      [...endpoints].map(([endpoint, counters]) => [
        endpoint,
        {
          success_rate: successRate(counters),
          average_latency: formatLatency(averageMs(counters)),
          total_requests: counters.requests,
          failed_requests: counters.failures,
        },
      ]),
    );
  }
  return body;
}

/** GET /internal/stats/translators: there are none, because every dialect is relayed unchanged. */
export function statsTranslatorsBody({ now }: Moment): StatsTranslatorsBody {
  return {
    timestamp: new Date(now).toISOString(),
    translators: [],
    summary: {
      overall_success_rate: 'N/A',
      overall_passthrough_rate: 'N/A',
      total_translators: 0,
      active_translators: 0,
      total_requests: 0,
      total_passthrough: 0,
      total_translations: 0,
      total_streaming: 0,
      total_non_streaming: 0,
    },
  };
}

/** GET /internal/stats/sticky */
export function statsStickyBody({ deps, statistics }: Moment): StatsStickyBody {
  const { enabled, max_sessions, idle_ttl_seconds } = deps.settings.proxy.sticky_sessions;
  if (!enabled) return { enabled };
  const { active, insertions, hits, misses, evictions } = statistics.sessions;
  return {
    enabled,
    active_sessions: active,
    insertions,
    hits,
    misses,
    evictions,
    max_sessions,
    idle_ttl_seconds,
  };
}
