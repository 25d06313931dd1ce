import { createHash } from 'node:crypto';
import type { EndpointSettings } from './schema.ts';

interface SettingsWithEndpoints {
  readonly discovery: {
    readonly static: { readonly endpoints: readonly Pick<EndpointSettings, 'name' | 'url' | 'type'>[] };
  };
}

/**
 * A hash of the names, URLs and types of all endpoints. Hosts whose files list different endpoints have different hashes.
 * Secrets are not part of it.
 */
export function configHash(settings: SettingsWithEndpoints): string {
  const endpoints = settings.discovery.static.endpoints
    .map(({ name, url, type }) => `${name}\n${url}\n${type}`)
    .sort()
    .join('\n\n');
  return createHash('sha256').update(endpoints).digest('hex').slice(0, 12);
}
