import { responseRule } from './header-rules.ts';
import { lowerName } from './lower-name.ts';
import { nominatedNames } from './nominated-names.ts';
import { VIA, type EndpointHeaders } from './request-headers.ts';

/**
 * Headers for the client from the backend's, both flat `[name, value, …]`: names, order and values as they came,
 * without those that end here (RFC 9110 §7.6.1), those that are the gateway's to send, and any that shows the
 * endpoint's credentials. Content-Length stays.
 */
export function responseHeaders(raw: readonly string[], endpoint: EndpointHeaders): string[] {
  const headers: string[] = [];
  const nominated = nominatedNames(raw);
  const { secrets } = endpoint;
  let via = '';
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const name = raw[i] as string;
    const value = raw[i + 1] as string;
    const rule = responseRule(name);
    if (rule === 'via') via += `${value}, `;
    else if (rule === 'drop' || (nominated !== null && nominated.has(lowerName(name)))) continue;
    else if (secrets.length === 0 || !holdsSecret(value, secrets)) headers.push(name, value);
  }
  headers.push('Via', via + VIA);
  return headers;
}

function holdsSecret(value: string, secrets: readonly string[]): boolean {
  for (const secret of secrets) if (value.includes(secret)) return true;
  return false;
}
