import { z } from 'zod';
import { gauge } from './common.ts';

/** POST /internal/endpoints/{name}/drain and /resume */
export const endpointActionSchema = z.strictObject({
  endpoint: z.string(),
  action: z.enum(['drain', 'resume']),
  /** False when it was so already. */
  changed: z.boolean(),
  drained: z.boolean(),
  revision: z.number(),
  /** Requests that this cluster still has in flight there. */
  streams_left: gauge,
  /** Models that no other routable endpoint has; not empty only with `force=true`. */
  models_lost: z.array(z.string()),
});
export type EndpointActionBody = z.infer<typeof endpointActionSchema>;

/** POST /internal/refresh */
export const refreshSchema = z.strictObject({
  action: z.literal('refresh'),
  refresh: z.number(),
  revision: z.number(),
});
export type RefreshBody = z.infer<typeof refreshSchema>;
