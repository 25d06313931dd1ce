import { atBase, basePathOf, joinOverlapping } from '@olla/backends/base-path';
import { profileOrDefault } from '@olla/backends/table';
import type { EndpointSettings } from '@olla/config/schema';
import { credentialHeaders } from '@olla/config/endpoint-credentials';

/** The URL and the headers of a probe. */
export interface ProbeTarget {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
}

/**
 * Determines the URL and the headers of a probe.
 *
 * @param configured `health_check_url` or `model_url`: an absolute URL is used unchanged, a path is joined to `url`;
 *   null for `path`
 * @param path the path of the backend type, which is resolved as for relayed requests
 */
export function probeTarget(
  endpoint: EndpointSettings,
  configured: string | null,
  path: string,
  userAgent: string,
): ProbeTarget {
  const base = new URL(endpoint.url);
  const url = targetUrl(endpoint, base, configured, path);
  // An absolute URL may lead to another server, which must not receive the endpoint's credentials.
  const isOwnOrigin = url.origin === base.origin;
  const credentials = isOwnOrigin ? credentialHeaders(endpoint) : {};
  return { url: url.href, headers: { 'user-agent': userAgent, ...credentials } };
}

function targetUrl(endpoint: EndpointSettings, base: URL, configured: string | null, path: string): URL {
  if (configured !== null && /^https?:\/\//i.test(configured)) return new URL(configured);
  return new URL(configured === null ? ownPath(endpoint, base, path) : joined(base, configured), base.origin);
}

function ownPath({ type, preserve_path: keep }: EndpointSettings, { pathname }: URL, path: string): string {
  return atBase(basePathOf(pathname, keep), type === 'auto' ? null : profileOrDefault(type), path);
}

/** `/v1/models` at a URL that ends in `/v1` means the same as `/models`. */
function joined({ pathname }: URL, configured: string): string {
  const base = pathname.replace(/\/+$/, '');
  const { api } = basePathOf(base, false);
  return (api === null ? null : joinOverlapping(api, configured)) ?? base + configured;
}
