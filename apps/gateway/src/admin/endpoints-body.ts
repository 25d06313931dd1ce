import type { StatusEndpointsBody } from '@olla/admin-api/schema/status';
import { formatAgo, formatLatency, isoOrNull } from './format.ts';
import type { Moment } from './sources.ts';
import { loadBody, statusFields } from './status-body.ts';
import { averageMs, successRate } from './traffic-body.ts';

/** GET /internal/status/endpoints */
export function endpointsBody({ now, endpoints }: Moment): StatusEndpointsBody {
  return {
    timestamp: new Date(now).toISOString(),
    endpoints: endpoints.map((endpoint) => ({
      name: endpoint.name,
      id: endpoint.id,
      url: endpoint.url,
      type: endpoint.type,
      ...statusFields(endpoint),
      drained: endpoint.drainedBy !== null,
      priority: endpoint.priority,
      model_count: endpoint.models.length,
      request_count: endpoint.traffic.requests,
      success_rate: successRate(endpoint.traffic),
      avg_latency_ms: averageMs(endpoint.traffic),
      min_latency_ms: Math.round(endpoint.traffic.minMs),
      max_latency_ms: Math.round(endpoint.traffic.maxMs),
      active_connections: endpoint.inFlight,
      last_model_sync: formatAgo(endpoint.probed?.modelsAt ?? null, now),
      last_model_sync_at: isoOrNull(endpoint.probed?.modelsAt),
      health_check: formatAgo(endpoint.probed?.checkedAt ?? null, now),
      health_check_at: isoOrNull(endpoint.probed?.checkedAt),
      next_check_at: isoOrNull(endpoint.probed?.nextCheckAt),
      response_time: formatLatency(endpoint.probed?.checkLatencyMs ?? null),
      check_latency_ms: endpoint.probed?.checkLatencyMs ?? null,
      ...loadBody(endpoint),
    })),
    total_count: endpoints.length,
    healthy_count: endpoints.filter(({ status }) => status.status === 'healthy').length,
    routable_count: endpoints.filter(({ status }) => status.serves).length,
  };
}
