import type { EndpointSettings } from '@olla/config/schema';
import { credentialHeaders } from '@olla/config/endpoint-credentials';

/** The URL and the headers of a probe. */
export interface ProbeTarget {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
}

/**
 * Decides where a probe goes.
 *
 * @param configured `health_check_url` or `model_url`: an absolute URL is used unchanged, a path is joined to `url`;
 *   null for `path`
 * @param path the path of the backend type, which stands where relayed requests go
 */
export function probeTarget(
  endpoint: EndpointSettings,
  configured: string | null,
  path: string,
  userAgent: string,
): ProbeTarget {
  const base = new URL(endpoint.url);
  const url = targetUrl(endpoint, base, configured, path);
  // An absolute URL may lead to another server, which must not see the endpoint's credentials.
  const isOwnOrigin = url.origin === base.origin;
  const credentials = isOwnOrigin ? credentialHeaders(endpoint) : {};
  return { url: url.href, headers: { 'user-agent': userAgent, ...credentials } };
}

function targetUrl(endpoint: EndpointSettings, base: URL, configured: string | null, path: string): URL {
  if (configured !== null && /^https?:\/\//i.test(configured)) return new URL(configured);
  const prefix = configured !== null || endpoint.preserve_path ? base.pathname.replace(/\/+$/, '') : '';
  return new URL(prefix + (configured ?? path), base.origin);
}
