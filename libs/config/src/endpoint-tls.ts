import { checkServerIdentity, type PeerCertificate } from 'node:tls';
import type { EndpointSettings } from './schema.ts';

/** How the certificate of an endpoint is checked. */
export interface EndpointTls {
  /** Certificates of the trusted CAs, in PEM; null for the default ones. */
  readonly ca: string | null;
  readonly rejectUnauthorized: boolean;
  /** The server name for TLS; null for the host of the URL. */
  readonly servername: string | null;
  /** Null for Node's own check. */
  readonly checkServerIdentity: ((name: string, certificate: PeerCertificate) => Error | undefined) | null;
}

type TlsKeys = Pick<EndpointSettings, 'url' | 'ca' | 'insecure_skip_verify' | 'headers'>;

export function endpointTls(endpoint: TlsKeys): EndpointTls {
  const name = ownHost(endpoint)?.replace(/:\d+$/, '') ?? null;
  const servername = name === null || /^(\[|[\d.]+$)/.test(name) ? null : name;
  return {
    ca: endpoint.ca,
    rejectUnauthorized: !endpoint.insecure_skip_verify,
    servername,
    checkServerIdentity: servername === null ? null : eitherName(new URL(endpoint.url).hostname, servername),
  };
}

/** The operator has named the server twice: a certificate for either name is valid. */
function eitherName(urlHost: string, servername: string): EndpointTls['checkServerIdentity'] {
  const host = urlHost.replace(/^\[|\]$/g, '');
  return (name, certificate) =>
    name === servername && checkServerIdentity(host, certificate) === undefined
      ? undefined
      : checkServerIdentity(name, certificate);
}

/** The Host header of the configuration; null where requests carry the host of the URL. */
export function ownHost({ headers }: Pick<EndpointSettings, 'headers'>): string | null {
  return Object.entries(headers).find(([name]) => name.toLowerCase() === 'host')?.[1] ?? null;
}
