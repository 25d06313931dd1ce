import { z } from 'zod';
import { gauge } from './common.ts';

/** POST /internal/endpoints/{name}/drain and POST /internal/endpoints/{name}/resume. */
export const endpointActionSchema = z.strictObject({
  endpoint: z.string(),
  action: z.enum(['drain', 'resume']),
  /** False if the endpoint was drained or resumed already. */
  changed: z.boolean(),
  drained: z.boolean(),
  revision: z.number(),
  /** Requests of the whole cluster that are still in flight at the endpoint. */
  streams_left: gauge,
  /** Models that no other serving endpoint has. Empty, except after a drain with `force=true`. */
  models_lost: z.array(z.string()),
});
export type EndpointActionBody = z.infer<typeof endpointActionSchema>;

/** POST /internal/refresh. */
export const refreshSchema = z.strictObject({
  action: z.literal('refresh'),
  refresh: z.number(),
  revision: z.number(),
});
export type RefreshBody = z.infer<typeof refreshSchema>;
