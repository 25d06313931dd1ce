import type * as z from 'zod';
import { matchesFilter, type NameFilter } from './glob.ts';
import { DESPITE_FAULTS, peek, section } from './leaf.ts';
import { discovery } from './sections/discovery.ts';
import type { endpoint } from './sections/endpoint.ts';
import {
  admin,
  dashboard,
  engineering,
  logging,
  modelAliases,
  modelRegistry,
  redis,
  translators,
} from './sections/other.ts';
import { proxy } from './sections/proxy.ts';
import { server } from './sections/server.ts';

/** The one schema: what a configuration file may hold, and what it resolves to. */
export const settingsSchema = section({
  server: server.prefault({}),
  proxy: proxy.prefault({}),
  discovery: discovery.prefault({}),
  model_registry: modelRegistry.prefault({}),
  model_aliases: modelAliases,
  translators: translators.prefault({}),
  logging: logging.prefault({}),
  engineering: engineering.prefault({}),
  dashboard: dashboard.prefault({}),
  redis: redis.prefault({}),
  admin: admin.prefault({}),
}).superRefine(checkAcrossSections, DESPITE_FAULTS);

/** What no section can tell by itself. Runs also when a part failed, so nothing here is sure to be there. */
function checkAcrossSections(value: unknown, context: z.RefinementCtx): void {
  const discovered = peek(value, 'discovery');
  if (peek(discovered, 'agent') === 'external' && peek(peek(value, 'redis'), 'url') === null) {
    const message = 'cannot be external without redis.url, through which the agent reaches the gateways';
    context.addIssue({ code: 'custom', path: ['discovery', 'agent'], message });
  }
  const filter = peek(peek(value, 'proxy'), 'profile_filter');
  const endpoints = peek(peek(discovered, 'static'), 'endpoints');
  if (!isNameFilter(filter) || !Array.isArray(endpoints)) return;
  for (const [index, item] of endpoints.entries()) {
    const type = peek(item, 'type');
    if (typeof type !== 'string' || type === 'auto' || matchesFilter(filter, type)) continue;
    const message = `is left out by proxy.profile_filter; change the filter or remove this endpoint`;
    context.addIssue({ code: 'custom', path: ['discovery', 'static', 'endpoints', index, 'type'], message });
  }
}

function isNameFilter(value: unknown): value is NameFilter {
  const areNames = (list: unknown) => Array.isArray(list) && list.every((name) => typeof name === 'string');
  const include = peek(value, 'include');
  return (include === null || areNames(include)) && areNames(peek(value, 'exclude'));
}

/**
 * The settings with all defaults filled in: durations in milliseconds, sizes in bytes, null for what is not set.
 * Plain data that survives JSON.
 */
export type Settings = z.infer<typeof settingsSchema>;

/** One endpoint of `discovery.static.endpoints`. */
export type EndpointSettings = z.infer<typeof endpoint>;
