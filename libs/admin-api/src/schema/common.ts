import { z } from 'zod';

/** A time as ISO 8601 in UTC. */
export const moment = z.iso.datetime();
/** A time that is null as long as what it marks has not happened. */
export const momentOrNull = moment.nullable();
/** A sum over processes of counts since their start. It falls only when a process that has ended is forgotten. */
export const total = z.number().int().nonnegative();
export const gauge = z.number().int().nonnegative();
/** A measured value; null if nothing was measured yet. */
export const measured = z.number().nonnegative().nullable();
/** `98.5%`, or `N/A` before the first request. */
export const successRate = z.string().regex(/^(N\/A|\d+(\.\d)?%)$/);

const HIDDEN = 'Left out for pages of other origins and under unknown hosts, unless the admin token is sent';
/** The URL of an endpoint. */
export const hiddenUrl = z.string().optional().describe(HIDDEN);
/** The id of a process. */
export const hiddenPid = z.number().int().optional().describe(HIDDEN);

export const backendType = z.string().describe('The type of the endpoint, as in the configuration');

/** The status of an endpoint. It serves if it is `healthy`, `busy` or `warming`. */
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

/** Whether an endpoint serves: the result of `endpointStatus` in core. */
export const statusFields = {
  /** Whether it takes requests now. */
  serves: z.boolean(),
  status: endpointStatus,
  /** Why it has this status; empty if there is nothing to say. */
  reason: z.string(),
  /** Since when it has this status; null if no agent has checked it. */
  since: momentOrNull,
};

/** The body of every error of the gateway. */
export const errorSchema = z.strictObject({
  error: z.strictObject({ message: z.string(), type: z.string(), code: z.string() }),
});
