import { z } from 'zod';
import { moment } from './common.ts';

const event = z.strictObject({
  time: moment,
  kind: z
    .enum(['state', 'ejected', 'readmitted', 'drained', 'resumed', 'leader', 'config', 'gateway'])
    .describe('The log line of the event has the same word, in its field `event`'),
  endpoint: z.string().optional().describe('Name of the endpoint that it happened to'),
  gateway: z
    .string()
    .optional()
    .describe('Instance id of the gateway, for events that are about no endpoint'),
  from: z.string().nullable().describe('What was before; null where there was nothing'),
  to: z.string().nullable(),
  reason: z.string(),
  by: z.string().describe('Instance id of the process that decided, or the operator who acted'),
});

/** GET /internal/events: what happened in the cluster, oldest first, at most the last 1,000. */
export const eventsSchema = z.strictObject({ events: z.array(event) });
export type EventsBody = z.infer<typeof eventsSchema>;
