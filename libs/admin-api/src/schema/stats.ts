import { z } from 'zod';
import { moment, momentOrNull, successRate, total } from './common.ts';
import { trafficFields } from './traffic.ts';

const modelFields = {
  name: z.string(),
  success_rate: successRate,
  total_traffic: z.string(),
  average_latency: z.string(),
  p95_latency: z.string(),
  p99_latency: z.string(),
  last_requested: z.string(),
  last_requested_at: momentOrNull,
  total_requests: total,
  successful_requests: total,
  failed_requests: total,
  /** Estimated number of client addresses that requested the model, within a few percent up to some hundred. */
  unique_clients: total,
  routing_hits: total,
  routing_misses: total,
  routing_fallbacks: total,
};

/** GET /internal/stats/models. */
export const statsModelsSchema = z.strictObject({
  timestamp: moment,
  /** By model, then by endpoint. Empty without `include_endpoints=true`. */
  endpoints: z.record(
    z.string(),
    z.record(
      z.string(),
      z.strictObject({
        success_rate: successRate,
        average_latency: z.string(),
        total_requests: total,
        failed_requests: total,
      }),
    ),
  ),
  models: z.array(z.strictObject({ ...modelFields, ...trafficFields })),
  summary: z
    .strictObject({
      overall_success_rate: successRate,
      total_traffic: z.string(),
      most_popular_model: z.string(),
      least_popular_model: z.string(),
      total_models: total,
      active_models: total,
      total_requests: total,
    })
    .optional(),
});
export type StatsModelsBody = z.infer<typeof statsModelsSchema>;

/** GET /internal/stats/translators: one row for each translator that has handled a request. */
export const statsTranslatorsSchema = z.strictObject({
  timestamp: moment,
  translators: z.array(
    z.strictObject({
      translator_name: z.string(),
      success_rate: successRate,
      passthrough_rate: successRate,
      average_latency: z.string(),
      total_requests: total,
      successful_requests: total,
      failed_requests: total,
      passthrough_requests: total,
      translation_requests: total,
      streaming_requests: total,
      non_streaming_requests: total,
      fallback_no_compatible_endpoints: total,
      fallback_translator_does_not_support_passthrough: total,
      fallback_cannot_passthrough: total,
    }),
  ),
  summary: z.strictObject({
    overall_success_rate: successRate,
    overall_passthrough_rate: successRate,
    total_translators: total,
    active_translators: total,
    total_requests: total,
    total_passthrough: total,
    total_translations: total,
    total_streaming: total,
    total_non_streaming: total,
  }),
});
export type StatsTranslatorsBody = z.infer<typeof statsTranslatorsSchema>;

/** GET /internal/stats/sticky. Without sticky sessions it has `enabled` only. */
export const statsStickySchema = z.strictObject({
  enabled: z.boolean(),
  active_sessions: z.number().int().optional(),
  insertions: z.number().int().optional(),
  hits: z.number().int().optional(),
  misses: z.number().int().optional(),
  evictions: z.number().int().optional(),
  max_sessions: z.number().int().optional(),
  idle_ttl_seconds: z.number().int().optional(),
});
export type StatsStickyBody = z.infer<typeof statsStickySchema>;
