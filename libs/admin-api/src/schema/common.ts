import { z } from 'zod';

/** A moment as ISO 8601 in UTC. */
export const moment = z.iso.datetime();
/** A moment that may not have come yet. */
export const momentOrNull = moment.nullable();
/** Counts since the processes that are summed up started; never falls except when one of them is forgotten. */
export const total = z.number().int().nonnegative();
export const gauge = z.number().int().nonnegative();
/** Null where nothing was measured yet: never 0, never NaN. */
export const measured = z.number().nonnegative().nullable();
/** `98.5%`, or `N/A` before any traffic. */
export const successRate = z.string().regex(/^(N\/A|\d+(\.\d)?%)$/);

export const backendType = z.string().describe('The type of the endpoint, as in the configuration');

/** The word for an endpoint's condition; with `healthy`, `busy` and `warming` it serves. */
const endpointStatus = z.enum([
  'healthy',
  'busy',
  'warming',
  'unhealthy',
  'offline',
  'unknown',
  'config_error',
  'rate_limited',
  'draining',
  'ejected',
]);

/** Whether an endpoint can serve, as every part of the gateway sees it. */
export const statusFields = {
  /** Whether it takes requests now. */
  serves: z.boolean(),
  status: endpointStatus,
  /** Why; empty for a healthy endpoint. */
  reason: z.string(),
  /** Null for an endpoint that no agent has seen. */
  since: momentOrNull,
};

/** Every error of the gateway. */
export const errorSchema = z.strictObject({
  error: z.strictObject({ message: z.string(), type: z.string(), code: z.string() }),
});
