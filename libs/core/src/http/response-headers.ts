import { HOP_BY_HOP, nominatedNames } from './connection-names.ts';
import { lowerName } from './lower-name.ts';
import { memoByName } from './memo-by-name.ts';
import { VIA, type EndpointHeaders } from './request-headers.ts';

type Rule = 'keep' | 'drop' | 'via';

/** What a backend must not say to a browser in the gateway's name, or would say beside the gateway's own word. */
const DROPPED: ReadonlySet<string> = new Set([
  ...HOP_BY_HOP,
  'set-cookie',
  'set-cookie2',
  'alt-svc',
  'clear-site-data',
  'strict-transport-security',
  'authorization',
  'x-api-key',
  'x-ratelimit-limit',
  'x-ratelimit-remaining',
  'x-ratelimit-reset',
  'ratelimit',
  'ratelimit-policy',
]);

const ruleOf = memoByName((name): Rule => {
  if (name === 'via') return 'via';
  if (DROPPED.has(name) || name.startsWith('x-olla-') || name.startsWith('access-control-')) return 'drop';
  return 'keep';
});

/**
 * Headers for the client from the backend's, both flat `[name, value, …]`: names, order and values as they came,
 * without those that end here (RFC 9110 §7.6.1) and those that are the gateway's to send. Content-Length stays.
 */
export function responseHeaders(raw: readonly string[], endpoint: EndpointHeaders): string[] {
  const headers: string[] = [];
  const nominated = nominatedNames(raw);
  let via = '';
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const name = raw[i] as string;
    const value = raw[i + 1] as string;
    const rule = ruleOf(name);
    if (rule === 'drop') continue;
    if (rule === 'via') {
      via = via === '' ? value : `${via}, ${value}`;
      continue;
    }
    if (nominated !== null && nominated.has(lowerName(name))) continue;
    // A backend that echoes what it was sent would hand its credentials to the client.
    if (isOwnSecret(name, value, endpoint)) continue;
    headers.push(name, value);
  }
  headers.push('Via', via === '' ? VIA : `${via}, ${VIA}`);
  return headers;
}

function isOwnSecret(name: string, value: string, { own, ownNames }: EndpointHeaders): boolean {
  if (ownNames.size === 0 || !ownNames.has(lowerName(name))) return false;
  for (let i = 1; i < own.length; i += 2) if (own[i] === value) return true;
  return false;
}
