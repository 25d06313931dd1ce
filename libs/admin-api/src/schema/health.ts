import { z } from 'zod';
import { gauge } from './common.ts';

/** GET /internal/health: 503 with `unhealthy` only when nothing can be served. */
export const healthSchema = z.strictObject({
  status: z.enum(['healthy', 'unhealthy']),
  endpoints_routable: gauge,
  endpoints_total: gauge,
});
export type HealthBody = z.infer<typeof healthSchema>;

/** GET /internal/health/live: 200 while the event loop turns. */
export const liveSchema = z.strictObject({ status: z.literal('live') });
export type LiveBody = z.infer<typeof liveSchema>;

/** GET /internal/health/ready: 503 while draining or before the first snapshot. */
export const readySchema = z.strictObject({
  status: z.enum(['ready', 'draining', 'starting']),
});
export type ReadyBody = z.infer<typeof readySchema>;
