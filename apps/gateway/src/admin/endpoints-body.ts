import type { StatusEndpointsBody } from '@olla/admin-api/schema/status';
import { formatAgo, formatLatency, isoOrNull } from './format.ts';
import type { Moment } from './sources.ts';
import { loadBody } from './status-body.ts';
import { averageMs, successRate } from './traffic-body.ts';

/** GET /internal/status/endpoints */
export function endpointsBody({ now, fleet }: Moment): StatusEndpointsBody {
  return {
    timestamp: new Date(now).toISOString(),
    endpoints: fleet.map((endpoint) => ({
      name: endpoint.name,
      id: endpoint.id,
      url: endpoint.url,
      type: endpoint.type,
      status: endpoint.state,
      reason: endpoint.reason,
      since: isoOrNull(endpoint.seen?.since),
      drained: endpoint.drained !== null,
      priority: endpoint.priority,
      model_count: endpoint.models.length,
      request_count: endpoint.traffic.requests,
      success_rate: successRate(endpoint.traffic),
      avg_latency_ms: averageMs(endpoint.traffic),
      min_latency_ms: Math.round(endpoint.traffic.minMs),
      max_latency_ms: Math.round(endpoint.traffic.maxMs),
      active_connections: endpoint.inFlight,
      last_model_sync: formatAgo(endpoint.seen?.modelsAt ?? null, now),
      last_model_sync_at: isoOrNull(endpoint.seen?.modelsAt),
      health_check: formatAgo(endpoint.seen?.checkedAt ?? null, now),
      health_check_at: isoOrNull(endpoint.seen?.checkedAt),
      next_check_at: isoOrNull(endpoint.seen?.nextCheckAt),
      response_time: formatLatency(endpoint.seen?.checkLatencyMs ?? null),
      check_latency_ms: endpoint.seen?.checkLatencyMs ?? null,
      ...loadBody(endpoint),
    })),
    total_count: fleet.length,
    healthy_count: fleet.filter((endpoint) => endpoint.state === 'healthy').length,
    routable_count: fleet.filter((endpoint) => endpoint.serves).length,
  };
}
