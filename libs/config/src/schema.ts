import type * as z from 'zod';
import { EVEN_WITH_ISSUES, peek, section } from './leaf.ts';
import { discovery } from './sections/discovery.ts';
import {
  admin,
  dashboard,
  engineering,
  logging,
  modelAliases,
  modelFallbacks,
  modelRegistry,
  redis,
  translators,
} from './sections/other.ts';
import { proxy } from './sections/proxy.ts';
import { server } from './sections/server.ts';

/** The schema of the configuration: what a file may contain, and the settings that result from it. */
export const settingsSchema = section({
  server: server.prefault({}),
  proxy: proxy.prefault({}),
  discovery: discovery.prefault({}),
  model_registry: modelRegistry.prefault({}),
  model_aliases: modelAliases,
  model_fallbacks: modelFallbacks,
  translators: translators.prefault({}),
  logging: logging.prefault({}),
  engineering: engineering.prefault({}),
  dashboard: dashboard.prefault({}),
  redis: redis.prefault({}),
  admin: admin.prefault({}),
}).superRefine(checkAcrossSections, EVEN_WITH_ISSUES);

/** Checks that concern two sections. They run even if a section is wrong, so no value has a known type here. */
function checkAcrossSections(value: unknown, context: z.RefinementCtx): void {
  const discovered = peek(value, 'discovery');
  if (peek(discovered, 'agent') === 'external' && peek(peek(value, 'redis'), 'url') === null) {
    const message =
      'cannot be external without redis.url, through which the agent reaches the gateways. Set redis.url';
    context.addIssue({ code: 'custom', path: ['discovery', 'agent'], message });
  }
}

/**
 * The settings with all defaults: durations in milliseconds, sizes in bytes, null for what is not set. Plain data that
 * JSON can carry.
 */
export type Settings = z.infer<typeof settingsSchema>;

/** One endpoint of `discovery.static.endpoints`. */
export type EndpointSettings = Settings['discovery']['static']['endpoints'][number];
