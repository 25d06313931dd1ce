import type { EndpointSettings } from '@olla/config/schema';
import { credentialHeaders } from '@olla/config/endpoint-credentials';

/** Where to ask an endpoint, and with what headers. */
export interface ProbeTarget {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
}

/**
 * @param configured `health_check_url` or `model_url`: an absolute URL is used as it is, a path is joined to `url`
 * @param path of the backend type, for where nothing is configured; found where relayed requests go
 */
export function probeTarget(
  endpoint: EndpointSettings,
  configured: string | null,
  path: string,
  userAgent: string,
): ProbeTarget {
  const base = new URL(endpoint.url);
  const url = targetUrl(endpoint, base, configured, path);
  // Credentials of an endpoint are for its own origin; an absolute URL may lead to another.
  const own = url.origin === base.origin;
  return { url: url.href, headers: { 'user-agent': userAgent, ...(own ? credentialHeaders(endpoint) : {}) } };
}

function targetUrl(endpoint: EndpointSettings, base: URL, configured: string | null, path: string): URL {
  if (configured !== null && /^https?:\/\//i.test(configured)) return new URL(configured);
  const prefix = configured !== null || endpoint.preserve_path ? base.pathname.replace(/\/+$/, '') : '';
  return new URL(prefix + (configured ?? path), base.origin);
}
