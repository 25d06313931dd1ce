import { basePathOf, type BasePath } from '@olla/backends/base-path';
import { credentialHeaders, hasCredentials } from '@olla/config/endpoint-credentials';
import { endpointTls, ownHost } from '@olla/config/endpoint-tls';
import type { EndpointSettings, Settings } from '@olla/config/schema';
import { endpointKey } from '@olla/core/endpoint-key';
import { Http1Upstream } from '@olla/upstream/http1/http1-upstream';
import type { Upstream } from '@olla/upstream/upstream';

/** One configured endpoint, with the means to reach it. Lives as long as the worker. */
export interface Endpoint {
  readonly name: string;
  readonly key: string;
  readonly settings: EndpointSettings;
  readonly upstream: Upstream;
  readonly scheme: 'http' | 'https';
  /** `host[:port]`: requests carry the backend's own Host, or the configured one. */
  readonly host: string;
  /** Flat: its credentials and configured headers; null where it has none. */
  readonly credentials: readonly string[] | null;
  /** Its headers authenticate the gateway, so clients could misuse them. */
  readonly hasCredentials: boolean;
  /** The location of its API on its server. */
  readonly base: BasePath;
}

/** The configured endpoints and the connections to each. */
export class Endpoints {
  /** In the order of the configuration file. */
  readonly list: readonly Endpoint[];
  readonly #byName: ReadonlyMap<string, Endpoint>;

  constructor(settings: Settings) {
    this.list = settings.discovery.static.endpoints.map((endpoint) =>
      connectEndpoint(endpoint, settings.proxy),
    );
    this.#byName = new Map(this.list.map((endpoint) => [endpoint.name, endpoint]));
  }

  /** @throws RangeError for a name that is not configured */
  get(name: string): Endpoint {
    const endpoint = this.#byName.get(name);
    if (endpoint === undefined) throw new RangeError(`no endpoint ${name} is configured`);
    return endpoint;
  }

  /** Closes idle connections at once and the others when their requests end. */
  close(): void {
    for (const { upstream } of this.list) upstream.close();
  }
}

function connectEndpoint(settings: EndpointSettings, proxy: Settings['proxy']): Endpoint {
  const url = new URL(settings.url);
  const own = Object.entries(credentialHeaders(settings))
    .filter(([name]) => name.toLowerCase() !== 'host')
    .flat();
  return {
    name: settings.name,
    key: endpointKey(settings.name, settings.url, settings.type),
    settings,
    scheme: url.protocol === 'https:' ? 'https' : 'http',
    host: ownHost(settings) ?? url.host,
    credentials: own.length === 0 ? null : own,
    hasCredentials: hasCredentials(settings),
    base: basePathOf(url.pathname, settings.preserve_path),
    upstream: new Http1Upstream({
      origin: url.origin,
      tls: endpointTls(settings),
      connectTimeoutMs: proxy.connection_timeout,
      tlsHandshakeTimeoutMs: proxy.tls_handshake_timeout,
      keepAliveMs: proxy.connection_keep_alive,
      maxAgeMs: proxy.connection_max_age,
      headTimeoutMs: proxy.response_header_timeout,
      readTimeoutMs: proxy.read_timeout,
    }),
  };
}
