import { z } from 'zod';
import { hiddenPid, moment } from './common.ts';

/** The reply of a process to the question `process`. */
export const processReportSchema = z.strictObject({
  id: z.string(),
  role: z.enum(['primary', 'worker', 'agent']),
  host: z.string(),
  gateway: z.string(),
  pid: z.number().int(),
  version: z.string(),
  node_version: z.string(),
  started_at: moment,
  uptime_ms: z.number().nonnegative(),
  rss_bytes: z.number().nonnegative(),
  heap_used_bytes: z.number().nonnegative(),
  heap_total_bytes: z.number().nonnegative(),
  external_bytes: z.number().nonnegative(),
  cpu_user_ms: z.number().nonnegative(),
  cpu_system_ms: z.number().nonnegative(),
  /** Share of the time since the last report in which the event loop was busy, 0 to 1. */
  event_loop_utilization: z.number().min(0).max(1),
  /** Delay of the event loop since the last report; null if it was not measured. */
  event_loop_delay_p50_ms: z.number().nonnegative().nullable(),
  event_loop_delay_p99_ms: z.number().nonnegative().nullable(),
  event_loop_delay_max_ms: z.number().nonnegative().nullable(),
});
export type ProcessReport = z.infer<typeof processReportSchema>;

/** GET /internal/process: the responding worker in the fields of the original Olla, and every process of the cluster. */
export const processSchema = z.strictObject({
  timestamp: moment,
  memory: z.strictObject({
    heap_alloc: z.string(),
    heap_sys: z.string(),
    heap_inuse: z.string(),
    memory_pressure: z.enum(['LOW', 'MEDIUM', 'HIGH']),
  }),
  runtime: z.strictObject({ uptime: z.string(), num_cpu: z.number().int(), node_version: z.string() }),
  processes: z.array(processReportSchema.extend({ pid: hiddenPid })),
  /** Processes that have a heartbeat but did not reply in time. */
  missing: z.array(z.string()),
});
export type ProcessBody = z.infer<typeof processSchema>;
