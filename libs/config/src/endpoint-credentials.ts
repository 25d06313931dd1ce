import { isCredential } from '@olla/core/http/is-credential';
import type { EndpointSettings } from './schema.ts';

/**
 * The configured headers of an endpoint, with the header that its `auth` makes. They are sent with relayed requests and
 * with probes, and only to the origin of the endpoint's URL.
 */
export function credentialHeaders(
  endpoint: Pick<EndpointSettings, 'headers' | 'auth'>,
): Record<string, string> {
  const headers = { ...endpoint.headers };
  const { auth } = endpoint;
  if (auth === null) return headers;
  const name = auth.type === 'api_key' ? auth.header : 'Authorization';
  for (const other of Object.keys(headers))
    if (other.toLowerCase() === name.toLowerCase()) delete headers[other];
  if (auth.type === 'bearer' && auth.token !== null) headers[name] = `Bearer ${auth.token}`;
  if (auth.type === 'api_key' && auth.key !== null) headers[name] = auth.key;
  if (auth.type === 'basic') {
    const pair = `${auth.username ?? ''}:${auth.password ?? ''}`;
    headers[name] = `Basic ${Buffer.from(pair, 'utf8').toString('base64')}`;
  }
  return headers;
}

/** Whether the gateway has credentials of its own for an endpoint, which its clients could misuse. */
export function hasCredentials({ headers, auth }: Pick<EndpointSettings, 'headers' | 'auth'>): boolean {
  return auth !== null || Object.entries(headers).some(([name, value]) => isCredential(name, value));
}
