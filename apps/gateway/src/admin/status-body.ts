import type { StatusBody, StatusEndpoint } from '@olla/admin-api/schema/status';
import { LATENCY_BUCKETS_MS } from '@olla/core/statistics';
import { assessCluster } from './assess-cluster.ts';
import { clusterBody, differingGateways } from './cluster-body.ts';
import type { EndpointRow } from './endpoint-rows.ts';
import { formatAgo, formatBytes, formatDuration, formatLatency, formatUntil, isoOrNull } from './format.ts';
import type { Moment } from './sources.ts';
import { averageMs, successRate, successes, trafficBody, trafficBytes } from './traffic-body.ts';
import { shownCommit } from './version-body.ts';

/** The original reports security `elevated` from this number of refusals or refused addresses in the last minute. */
const ELEVATED = { violations: 100, addresses: 10 } as const;

/** GET /internal/status */
export function statusBody(moment: Moment): StatusBody {
  const { deps, now, statistics, snapshot, control } = moment;
  return {
    timestamp: new Date(now).toISOString(),
    // One engine and one way to relay: the original's words for them, which its dashboards show.
    proxy: { engine: 'olla', profile: 'auto', balancer: deps.settings.proxy.load_balancer },
    endpoints: moment.endpoints.map((endpoint) => statusEndpoint(endpoint, now)),
    security: securityBody(moment),
    system: systemBody(moment),
    traffic: {
      ...trafficBody(statistics.total),
      connections: statistics.connections,
      lease_waits_total: statistics.leaseWaits,
      dropped_spans_total: statistics.droppedSpans,
    },
    latency_bounds_ms: [...LATENCY_BUCKETS_MS],
    limits: limitsBody(moment),
    state: stateBody(moment),
    snapshot:
      snapshot === null
        ? null
        : {
            token: snapshot.version.token,
            n: snapshot.version.n,
            published_at: new Date(snapshot.publishedAt).toISOString(),
            age_ms: Math.max(0, now - snapshot.publishedAt),
            agent: snapshot.agent,
          },
    control: {
      revision: control.revision,
      refresh: control.refresh,
      drained: Object.entries(control.drained).map(([endpoint, { by, at }]) => ({
        endpoint,
        by,
        at: new Date(at).toISOString(),
      })),
    },
    cluster: clusterBody(moment),
  };
}

function statusEndpoint(endpoint: EndpointRow, now: number): StatusEndpoint {
  const { probed, traffic } = endpoint;
  return {
    name: endpoint.name,
    id: endpoint.id,
    url: endpoint.url,
    type: endpoint.type,
    ...statusFields(endpoint),
    drained: endpoint.drainedBy !== null,
    drained_by: endpoint.drainedBy,
    priority: endpoint.priority,
    connections: endpoint.inFlight,
    requests: traffic.requests,
    success_rate: successRate(traffic),
    avg_latency: formatLatency(averageMs(traffic)),
    avg_latency_ms: averageMs(traffic),
    min_latency_ms: Math.round(traffic.minMs),
    max_latency_ms: Math.round(traffic.maxMs),
    traffic: formatBytes(trafficBytes(traffic)),
    last_check: formatAgo(probed?.checkedAt ?? null, now),
    next_check: formatUntil(probed?.nextCheckAt ?? null, now),
    health_check_at: isoOrNull(probed?.checkedAt),
    next_check_at: isoOrNull(probed?.nextCheckAt),
    check_latency_ms: probed?.checkLatencyMs ?? null,
    issues: issuesOf(endpoint),
    server_version: probed?.serverVersion ?? null,
    models: {
      last_updated: isoOrNull(probed?.modelsAt),
      count: endpoint.models.length,
      loaded: endpoint.loaded,
    },
    ...loadBody(endpoint),
    ...trafficBody(traffic),
  };
}

/** Of `endpointStatus`, under its names. */
export function statusFields({ status: { serves, status, reason, since } }: EndpointRow) {
  return { serves, status, reason, since: isoOrNull(since) };
}

export function loadBody({ inFlight, probed }: EndpointRow) {
  return {
    in_flight: inFlight,
    slots: probed?.load?.slots ?? null,
    backend_running: probed?.load?.running ?? null,
    backend_queued: probed?.load?.queued ?? null,
    kv_usage: probed?.load?.kvUsage ?? null,
  };
}

function issuesOf({ traffic, status, invalidResponse }: EndpointRow): string {
  const issues: string[] = [];
  const asked = traffic.requests - traffic.cancelled;
  if (asked > 10 && successes(traffic) / asked < 0.9) issues.push('low success rate');
  if (!status.serves && status.status !== 'draining') issues.push('unavailable');
  if (invalidResponse !== null) issues.push(`invalid response: ${invalidResponse.reason}`);
  return issues.join(', ');
}

function violations({ statistics }: Moment) {
  const { rejected } = statistics;
  return { rate_limits: rejected.global + rejected.perIp + rejected.health, size_limits: rejected.size };
}

function securityBody(moment: Moment): StatusBody['security'] {
  const counts = violations(moment);
  const { blockedAddresses } = moment.statistics;
  const elevated =
    counts.rate_limits + counts.size_limits > ELEVATED.violations || blockedAddresses > ELEVATED.addresses;
  return { status: elevated ? 'elevated' : 'normal', blocked_ips: blockedAddresses, violations: counts };
}

/** Start of the oldest gateway, so that every worker reports the same. */
function clusterStart({ instances, deps }: Moment): number {
  const gateways = instances.filter(({ role }) => role === 'primary');
  return gateways.reduce((earliest, { startedAt }) => Math.min(earliest, startedAt), deps.startedAt);
}

function systemBody(moment: Moment): StatusBody['system'] {
  const { deps, now, statistics, endpoints, health, instances, snapshot } = moment;
  const { total } = statistics;
  const { rate_limits, size_limits } = violations(moment);
  const startedAt = clusterStart(moment);
  const assessment = assessCluster({
    endpoints,
    statistics,
    health,
    stateKind: deps.state.kind,
    instances,
    configDiffers: differingGateways(instances, deps.self.configHash),
    hasSnapshot: snapshot !== null,
    now,
  });
  return {
    start_time: new Date(startedAt).toISOString(),
    ...assessment,
    endpoints_up: `${endpoints.filter(({ status }) => status.serves).length}/${endpoints.length}`,
    success_rate: successRate(total),
    avg_latency: formatLatency(averageMs(total)),
    total_traffic: formatBytes(trafficBytes(total)),
    uptime: formatDuration(now - startedAt),
    uptime_ms: Math.max(0, now - startedAt),
    version: deps.build.version,
    commit: shownCommit(deps.build),
    active_connections: statistics.inFlightTotal,
    in_flight: statistics.inFlightTotal,
    security_violations: rate_limits + size_limits,
    total_requests: total.requests,
    total_failures: total.failures,
    has_traffic: total.requests > 0,
    models_total: snapshot?.catalog.models.length ?? 0,
    draining: deps.draining(),
  };
}

function limitsBody({ deps, statistics, health }: Moment): StatusBody['limits'] {
  const limits = deps.settings.server.rate_limits;
  const { rejected } = statistics;
  const limit = (perMinute: number, rejectedTotal: number) => ({
    requests_per_minute: perMinute > 0 ? perMinute : null,
    burst: limits.burst_size,
    rejected_total: rejectedTotal,
  });
  return {
    global: limit(limits.global_requests_per_minute, rejected.global),
    per_ip: limit(limits.per_ip_requests_per_minute, rejected.perIp),
    health: limit(limits.health_requests_per_minute, rejected.health),
    fallback: limits.on_state_loss,
    fallback_active: !health.connected,
  };
}

function stateBody({ deps, health }: Moment): StatusBody['state'] {
  return {
    kind: deps.state.kind,
    connected: health.connected,
    since: new Date(health.since).toISOString(),
    outages: health.outages,
    latency_ms: health.latencyMs,
    detail: health.detail,
  };
}
