import { z } from 'zod';
import { measured, total } from './common.ts';

/**
 * Counts of requests that the original Olla does not have. `ttft_buckets` counts requests by their time to the first token:
 * one bucket up to each of `latency_bounds_ms` and one above them. The difference of two readings gives the percentiles of
 * the time between them.
 */
export const trafficFields = {
  requests_total: total,
  failures_total: total,
  cancelled_total: total,
  retries_total: total,
  bytes_in_total: total,
  bytes_out_total: total,
  tokens_in_total: total,
  tokens_out_total: total,
  /** Sum of all durations. The difference of two readings gives the average of the time between them. */
  duration_total_ms: z.number().nonnegative(),
  latency_p50_ms: measured,
  latency_p95_ms: measured,
  latency_p99_ms: measured,
  ttft_p50_ms: measured,
  ttft_p95_ms: measured,
  ttft_p99_ms: measured,
  /** Mean speed of a response after its first byte. */
  tokens_per_second: measured,
  ttft_buckets: z.array(total),
  last_request_at: z.iso.datetime().nullable(),
};
export const trafficSchema = z.strictObject(trafficFields);
export type TrafficBody = z.infer<typeof trafficSchema>;
