import { z } from 'zod';
import { gauge } from './common.ts';

/** GET /internal/health. It is `unhealthy`, with status 503, if no endpoint serves. */
export const healthSchema = z.strictObject({
  status: z.enum(['healthy', 'unhealthy']),
  endpoints_routable: gauge,
  endpoints_total: gauge,
});
export type HealthBody = z.infer<typeof healthSchema>;

/** GET /internal/health/live: 200 while the event loop runs. */
export const liveSchema = z.strictObject({ status: z.literal('live') });
export type LiveBody = z.infer<typeof liveSchema>;

/** GET /internal/health/ready: 503 while the gateway drains and before its first snapshot. */
export const readySchema = z.strictObject({
  status: z.enum(['ready', 'draining', 'starting']),
});
export type ReadyBody = z.infer<typeof readySchema>;
