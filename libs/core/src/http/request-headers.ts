import { requestRule } from './header-rules.ts';
import { lowerName } from './lower-name.ts';
import { nominatedNames } from './nominated-names.ts';

/** Protocol version and name of this gateway, as it signs what it forwards. */
export const VIA = '1.1 olla';

export interface RequestHeaderFacts {
  /** Address that the client is known by; see limits-address/client-address.ts. */
  readonly clientAddress: string;
  /** The TCP peer's address. */
  readonly peerAddress: string;
  /** The peer is a proxy whose forwarding headers count: they are added to, else replaced. */
  readonly peerTrusted: boolean;
  readonly proto: 'http' | 'https';
  readonly requestId: string;
  /** Length of the body as it is sent, in bytes; without it a Content-Length of the client stays as it is. */
  readonly contentLength?: number;
}

/** What requests to one endpoint carry; made once by `endpointHeaders`. */
export interface EndpointHeaders {
  /** `host[:port]` for the Host header. */
  readonly host: string;
  /** Flat: configured headers, then credentials. They replace a client's of the same name. */
  readonly own: readonly string[];
  /** Lower-cased names in `own`. */
  readonly ownNames: ReadonlySet<string>;
  /** It has credentials of its own, so that the client's stay here. */
  readonly hasCredentials: boolean;
  /** Values that no answer may show to a client. */
  readonly secrets: readonly string[];
}

/** Shorter values stand in ordinary headers by chance. */
const MIN_SECRET_LENGTH = 8;

/**
 * @param host `host[:port]` of its URL
 * @param configured headers that the configuration sends there, flat
 * @param credentials its own credentials as headers, flat; empty if it has none
 */
export function endpointHeaders(
  host: string,
  configured: readonly string[],
  credentials: readonly string[],
): EndpointHeaders {
  const credentialNames = namesOf(credentials);
  const own = [...credentials];
  for (let i = 0; i + 1 < configured.length; i += 2) {
    const name = configured[i] as string;
    if (!credentialNames.has(name.toLowerCase())) own.push(name, configured[i + 1] as string);
  }
  const values = credentials.filter((_, i) => i % 2 === 1);
  // Of `Bearer TOKEN`, the token is the secret.
  const secrets = values.map((value) => value.slice(value.indexOf(' ') + 1));
  return {
    host,
    own,
    ownNames: namesOf(own),
    hasCredentials: credentials.length > 0,
    secrets: secrets.filter((secret) => secret.length >= MIN_SECRET_LENGTH),
  };
}

function namesOf(flat: readonly string[]): ReadonlySet<string> {
  return new Set(flat.filter((_, i) => i % 2 === 0).map((name) => name.toLowerCase()));
}

/**
 * Headers for the backend from the client's, both flat `[name, value, …]`: names, order and values as they came,
 * without those that end here (RFC 9110 §7.6.1), and with what tells who asked. Transfer-Encoding is left out, for
 * whoever sends the body frames it.
 */
export function requestHeaders(
  raw: readonly string[],
  facts: RequestHeaderFacts,
  endpoint: EndpointHeaders,
): string[] {
  const headers: string[] = ['Host', endpoint.host];
  const nominated = nominatedNames(raw);
  const { peerTrusted, contentLength } = facts;
  const { ownNames } = endpoint;
  let via = '';
  let forwardedFor = '';
  let forwardedHost = '';
  let host = '';
  let forwardedProto: string = facts.proto;
  let framed = contentLength === undefined || contentLength === 0;
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const name = raw[i] as string;
    const value = raw[i + 1] as string;
    switch (requestRule(name)) {
      case 'drop':
        continue;
      case 'host':
        host = value;
        continue;
      case 'via':
        via += `${value}, `;
        continue;
      case 'forwarded-for':
        if (peerTrusted) forwardedFor += `${value}, `;
        continue;
      case 'forwarded-host':
        if (peerTrusted) forwardedHost = value;
        continue;
      case 'forwarded-proto':
        if (peerTrusted) forwardedProto = value;
        continue;
      case 'forwarded':
        if (!peerTrusted) continue;
        break;
      case 'credential':
        if (endpoint.hasCredentials) continue;
        break;
      case 'length':
        framed = true;
        headers.push(name, contentLength === undefined ? value : String(contentLength));
        continue;
      case 'keep':
        break;
    }
    if (nominated !== null && nominated.has(lowerName(name))) continue;
    if (ownNames.size > 0 && ownNames.has(lowerName(name))) continue;
    headers.push(name, value);
  }
  if (!framed) headers.push('Content-Length', String(contentLength));
  if (forwardedHost === '') forwardedHost = host;
  if (forwardedHost !== '') headers.push('X-Forwarded-Host', forwardedHost);
  headers.push('X-Forwarded-Proto', forwardedProto, 'X-Forwarded-For', forwardedFor + facts.peerAddress);
  headers.push('X-Real-IP', facts.clientAddress, 'X-Request-ID', facts.requestId, 'Via', via + VIA);
  for (const part of endpoint.own) headers.push(part);
  return headers;
}
