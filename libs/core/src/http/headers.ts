import { requestRule, responseRule } from './header-rules.ts';
import { lowerName } from './lower-name.ts';
import { nominatedNames } from './nominated-names.ts';

/** Protocol version and name of this gateway, as it signs what it forwards. */
export const VIA = '1.1 olla';

export interface BackendHeaderFacts {
  /** `host[:port]` of the backend, for its Host header. */
  readonly host: string;
  /** Address that the client is known by; see limits-address/client-address.ts. */
  readonly clientAddress: string;
  /** Address of the TCP peer where it is another: a trusted proxy. */
  readonly peerAddress?: string | undefined;
  /** The peer's own forwarding headers count: they are added to, else replaced. */
  readonly peerTrusted: boolean;
  /** Host that the client asked for; empty if it named none. */
  readonly forwardedHost: string;
  readonly requestId: string;
  /** Flat: what the configuration sends to this endpoint, its own credentials included. Replaces the client's. */
  readonly credentials: readonly string[] | null;
  /** Headers that this kind of server must not get, in lower case. */
  readonly withheld: ReadonlySet<string>;
  /** Length of the body as it is sent, in bytes; null if it is not known. */
  readonly contentLength: number | null;
}

/**
 * Headers for the backend from the client's, both flat `[name, value, …]`: names, order and values as they came,
 * without those that end here (RFC 9110 §7.6.1), and with what tells who asked. Transfer-Encoding is left out, for
 * whoever sends the body frames it.
 */
export function backendHeaders(raw: readonly string[], facts: BackendHeaderFacts): string[] {
  const headers: string[] = ['Host', facts.host];
  const nominated = nominatedNames(raw);
  const own = facts.credentials === null ? NO_OWN : ownHeaders(facts.credentials);
  const { peerTrusted: trusted, withheld } = facts;
  // A body that was chunked and is whole now; a request without one gets no length.
  let framed = facts.contentLength === null || facts.contentLength === 0;
  let via = '';
  let forwardedFor = '';
  let forwardedHost = facts.forwardedHost;
  let forwardedProto = 'http';
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const name = raw[i] as string;
    const value = raw[i + 1] as string;
    switch (requestRule(name)) {
      case 'drop':
        continue;
      case 'via':
        via += `${value}, `;
        continue;
      case 'forwarded-for':
        if (trusted) forwardedFor += `${value}, `;
        continue;
      case 'forwarded-host':
        if (trusted) forwardedHost = value;
        continue;
      case 'forwarded-proto':
        if (trusted) forwardedProto = value;
        continue;
      case 'forwarded':
        if (!trusted) continue;
        break;
      case 'credential':
        if (own.hasCredentials) continue;
        break;
      case 'length':
        framed = true;
        if (facts.contentLength !== null) headers.push(name, String(facts.contentLength));
        continue;
      case 'keep':
        break;
    }
    if (nominated !== null && nominated.has(lowerName(name))) continue;
    if (withheld.size > 0 && withheld.has(lowerName(name))) continue;
    if (own.names.size > 0 && own.names.has(lowerName(name))) continue;
    headers.push(name, value);
  }
  if (!framed) headers.push('Content-Length', String(facts.contentLength));
  if (forwardedHost !== '') headers.push('X-Forwarded-Host', forwardedHost);
  headers.push('X-Forwarded-Proto', forwardedProto);
  headers.push('X-Forwarded-For', forwardedFor + peerOf(facts));
  headers.push('X-Real-IP', facts.clientAddress, 'X-Request-ID', facts.requestId, 'Via', via + VIA);
  if (facts.credentials !== null) for (const part of facts.credentials) headers.push(part);
  return headers;
}

/** An IPv4 peer of a socket for both families is written as IPv6. */
function peerOf({ peerAddress, clientAddress }: BackendHeaderFacts): string {
  if (peerAddress === undefined) return clientAddress;
  return peerAddress.startsWith('::ffff:') && peerAddress.includes('.') ? peerAddress.slice(7) : peerAddress;
}

/**
 * Headers for the client from the backend's, both flat `[name, value, …]`: names, order and values as they came,
 * without those that end here (RFC 9110 §7.6.1) and those that are the gateway's to send. Content-Length stays.
 *
 * @param credentials what was sent to this endpoint: a backend that echoes it must not hand it to the client
 */
export function clientHeaders(
  raw: readonly string[],
  credentials: readonly string[] | null = null,
): string[] {
  const headers: string[] = [];
  const nominated = nominatedNames(raw);
  const own = credentials === null ? NO_OWN : ownHeaders(credentials);
  let via = '';
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const name = raw[i] as string;
    const value = raw[i + 1] as string;
    const rule = responseRule(name);
    if (rule === 'via') via += `${value}, `;
    else if (rule === 'drop' || (nominated !== null && nominated.has(lowerName(name)))) continue;
    else if (own.secrets.length === 0 || !holdsSecret(value, own.secrets)) headers.push(name, value);
  }
  headers.push('Via', via + VIA);
  return headers;
}

interface OwnHeaders {
  /** In lower case. */
  readonly names: ReadonlySet<string>;
  readonly hasCredentials: boolean;
  /** Values that let somebody in. */
  readonly secrets: readonly string[];
}

const NO_OWN: OwnHeaders = { names: new Set(), hasCredentials: false, secrets: [] };
const SECRET_NAME = /auth|key|token|secret|cookie/;
/** Shorter values stand in ordinary headers by chance. */
const MIN_SECRET_LENGTH = 8;
const ownByList = new WeakMap<readonly string[], OwnHeaders>();

/** Worked out once for each endpoint, whose list is one object for as long as it is configured. */
function ownHeaders(credentials: readonly string[]): OwnHeaders {
  let own = ownByList.get(credentials);
  if (own === undefined) {
    const names = new Set<string>();
    const secrets: string[] = [];
    let hasCredentials = false;
    for (let i = 0; i + 1 < credentials.length; i += 2) {
      const name = (credentials[i] as string).toLowerCase();
      const value = credentials[i + 1] as string;
      names.add(name);
      if (!SECRET_NAME.test(name)) continue;
      hasCredentials = true;
      const secret = value.slice(value.indexOf(' ') + 1);
      if (secret.length >= MIN_SECRET_LENGTH) secrets.push(secret);
    }
    own = { names, hasCredentials, secrets };
    ownByList.set(credentials, own);
  }
  return own;
}

function holdsSecret(value: string, secrets: readonly string[]): boolean {
  for (const secret of secrets) if (value.includes(secret)) return true;
  return false;
}
