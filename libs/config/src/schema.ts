import type * as z from 'zod';
import { section } from './leaf.ts';
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
});

/**
 * The settings with all defaults filled in: durations in milliseconds, sizes in bytes, null for what is not set.
 * Plain data that survives JSON.
 */
export type Settings = z.infer<typeof settingsSchema>;

/** One endpoint of `discovery.static.endpoints`. */
export type EndpointSettings = z.infer<typeof endpoint>;
