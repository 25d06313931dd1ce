import { createHash } from 'node:crypto';
import type { Settings } from './schema.ts';

/** Tells hosts apart whose files name different endpoints; secrets are not part of it. */
export function configHash(settings: Pick<Settings, 'discovery'>): string {
  const endpoints = settings.discovery.static.endpoints
    .map(({ name, url, type }) => `${name}\n${url}\n${type}`)
    .sort()
    .join('\n\n');
  return createHash('sha256').update(endpoints).digest('hex').slice(0, 12);
}
