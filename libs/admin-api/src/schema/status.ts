import { z } from 'zod';
import {
  backendType,
  gauge,
  hiddenPid,
  hiddenUrl,
  measured,
  moment,
  momentOrNull,
  statusFields,
  successRate,
  total,
} from './common.ts';
import { trafficFields } from './traffic.ts';

/** The load of an endpoint: what this cluster has in flight there, and the load signals of its backend. */
const loadFields = {
  in_flight: gauge,
  slots: measured,
  backend_running: measured,
  backend_queued: measured,
  kv_usage: measured,
};

const statusEndpoint = z.strictObject({
  name: z.string(),
  id: z.string(),
  url: hiddenUrl,
  type: backendType,
  ...statusFields,
  drained: z.boolean(),
  drained_by: z.string().nullable(),
  priority: z.number(),
  connections: gauge,
  requests: total,
  success_rate: successRate,
  avg_latency: z.string(),
  avg_latency_ms: measured,
  min_latency_ms: z.number().nonnegative(),
  max_latency_ms: z.number().nonnegative(),
  traffic: z.string(),
  last_check: z.string(),
  next_check: z.string(),
  health_check_at: momentOrNull,
  next_check_at: momentOrNull,
  check_latency_ms: measured,
  issues: z.string(),
  server_version: z.string().nullable(),
  models: z.strictObject({ last_updated: momentOrNull, count: gauge, loaded: gauge.nullable() }),
  ...loadFields,
  ...trafficFields,
});
export type StatusEndpoint = z.infer<typeof statusEndpoint>;

const limit = z.strictObject({
  /** Null if the limit is switched off. */
  requests_per_minute: z.number().nullable(),
  burst: z.number(),
  rejected_total: total,
});

const instanceFields = {
  id: z.string(),
  host: z.string(),
  pid: hiddenPid,
  version: z.string(),
  started_at: moment,
  /** Milliseconds since its last heartbeat. */
  age_ms: z.number().nonnegative(),
};

/** The processes of the cluster, as known from their heartbeats. */
export const clusterSchema = z.strictObject({
  gateways: z.array(
    z.strictObject({
      ...instanceFields,
      workers: gauge,
      config_hash: z.string(),
    }),
  ),
  workers: z.array(
    z.strictObject({ ...instanceFields, gateway: z.string(), requests_total: total, in_flight: gauge }),
  ),
  agents: z.array(z.strictObject({ ...instanceFields, leading: z.boolean() })),
  agent_leader: z.string().nullable(),
  /** Gateways whose configuration lists other endpoints than that of the responding gateway. */
  config_differs: z.array(z.string()),
  /** Processes that did not reply in time. Their figures are missing in this response. */
  missing: z.array(z.string()),
  /** Age of the oldest figures in this response. Those of this host are always new. */
  oldest_figures_ms: z.number().nonnegative(),
});

/** GET /internal/status. */
export const statusSchema = z.strictObject({
  timestamp: moment,
  proxy: z.strictObject({ engine: z.string(), profile: z.string(), balancer: z.string() }),
  endpoints: z.array(statusEndpoint),
  security: z.strictObject({
    status: z.enum(['normal', 'elevated']),
    blocked_ips: gauge,
    violations: z.strictObject({ rate_limits: total, size_limits: total }),
  }),
  system: z.strictObject({
    start_time: moment,
    status: z.enum(['healthy', 'degraded', 'critical']),
    /** Why the system is not healthy, in one sentence for each reason. */
    reasons: z.array(z.string()),
    endpoints_up: z.string(),
    success_rate: successRate,
    avg_latency: z.string(),
    total_traffic: z.string(),
    uptime: z.string(),
    version: z.string(),
    commit: z.string(),
    active_connections: gauge,
    security_violations: total,
    total_requests: total,
    total_failures: total,
    has_traffic: z.boolean(),
    uptime_ms: z.number().nonnegative(),
    in_flight: gauge,
    models_total: gauge,
    /** Whether the responding gateway drains. */
    draining: z.boolean(),
  }),
  traffic: z.strictObject({
    ...trafficFields,
    connections: gauge,
    lease_waits_total: total,
    dropped_spans_total: total,
  }),
  latency_bounds_ms: z.array(z.number()),
  limits: z.strictObject({
    global: limit,
    per_ip: limit,
    health: limit,
    /** `on_state_loss` of the configuration, and whether limits work in that way now. */
    fallback: z.enum(['local', 'open', 'closed']),
    fallback_active: z.boolean(),
  }),
  state: z.strictObject({
    kind: z.enum(['memory', 'redis']),
    connected: z.boolean(),
    since: moment,
    outages: total,
    latency_ms: measured,
    detail: z.string(),
  }),
  snapshot: z
    .strictObject({
      token: z.number(),
      n: z.number(),
      published_at: moment,
      age_ms: z.number().nonnegative(),
      agent: z.string(),
    })
    .nullable(),
  control: z.strictObject({
    revision: z.number(),
    refresh: z.number(),
    drained: z.array(z.strictObject({ endpoint: z.string(), by: z.string(), at: moment })),
  }),
  cluster: clusterSchema,
});
export type StatusBody = z.infer<typeof statusSchema>;
export type ClusterBody = z.infer<typeof clusterSchema>;

/** GET /internal/status/endpoints. */
export const statusEndpointsSchema = z.strictObject({
  timestamp: moment,
  endpoints: z.array(
    z.strictObject({
      name: z.string(),
      id: z.string(),
      url: hiddenUrl,
      type: backendType,
      ...statusFields,
      drained: z.boolean(),
      priority: z.number(),
      model_count: gauge,
      request_count: total,
      success_rate: successRate,
      avg_latency_ms: measured,
      min_latency_ms: z.number().nonnegative(),
      max_latency_ms: z.number().nonnegative(),
      active_connections: gauge,
      last_model_sync: z.string(),
      last_model_sync_at: momentOrNull,
      health_check: z.string(),
      health_check_at: momentOrNull,
      next_check_at: momentOrNull,
      /** Duration of the last health check. */
      response_time: z.string(),
      check_latency_ms: measured,
      ...loadFields,
    }),
  ),
  total_count: gauge,
  healthy_count: gauge,
  routable_count: gauge,
});
export type StatusEndpointsBody = z.infer<typeof statusEndpointsSchema>;

/** GET /internal/status/models. */
export const statusModelsSchema = z.strictObject({
  timestamp: moment,
  models_by_family: z.record(z.string(), z.array(z.string())),
  recent_models: z.array(
    z.strictObject({
      name: z.string(),
      type: z.string().optional(),
      family: z.string().optional(),
      size: z.string().optional(),
      params: z.string().optional(),
      quant: z.string().optional(),
      last_seen: z.string(),
      last_seen_at: momentOrNull,
      endpoints: z.array(z.string()),
      endpoint_ids: z.array(z.string()),
      capabilities: z.array(z.string()).optional(),
      aliases: z.array(z.string()),
      size_bytes: measured,
      context_length: measured,
      /** Endpoints that have the model in memory; null if no backend reports it. */
      loaded_on: z.array(z.string()).nullable(),
      routable_on: z.array(z.string()),
    }),
  ),
  total_models: gauge,
  total_families: gauge,
  total_endpoints: gauge,
});
export type StatusModelsBody = z.infer<typeof statusModelsSchema>;
