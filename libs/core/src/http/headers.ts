import { requestRule, responseRule } from './header-rules.ts';
import { isCredential } from './is-credential.ts';
import { lowerName } from './lower-name.ts';
import { nominatedNames } from './nominated-names.ts';

/** What the gateway adds to Via (RFC 9110 §7.6.3). */
export const VIA = '1.1 olla';

export interface BackendHeaderFacts {
  /** `host[:port]` of the backend, for its Host header. */
  readonly host: string;
  /** The client's address; see limits-address/client-address.ts. */
  readonly clientAddress: string;
  /** Address of the TCP peer, if that is a trusted proxy and not the client. */
  readonly peerAddress?: string | undefined;
  /** True: the peer's forwarding headers are kept and added to. False: they are replaced. */
  readonly peerTrusted: boolean;
  /** The client's Host; empty if it sent none. */
  readonly forwardedHost: string;
  readonly requestId: string;
  /** Flat: the headers that the configuration gives this endpoint. They replace the client's. */
  readonly credentials: readonly string[] | null;
  /** Headers that this kind of server must not receive, in lower case. */
  readonly withheld: ReadonlySet<string>;
  /** The content codings of the body were undone: headers that describe the coded form are left out. */
  readonly isDecoded: boolean;
  /** Length of the body as it is sent, in bytes; null if it is not known. */
  readonly contentLength: number | null;
}

/**
 * Makes the headers for the backend from the client's, both flat `[name, value, …]`. Names, order and values are
 * unchanged. Headers that end at the gateway are left out (RFC 9110 §7.6.1), and those that name the client are added.
 * Transfer-Encoding is left out too, because the sender of the body chooses the framing.
 */
export function backendHeaders(raw: readonly string[], facts: BackendHeaderFacts): string[] {
  const headers: string[] = ['Host', facts.host];
  const nominated = nominatedNames(raw);
  const own = facts.credentials === null ? NO_OWN : ownHeaders(facts.credentials);
  const { peerTrusted: trusted, withheld } = facts;
  // False for a chunked body that has been read completely: it gets a length. A request without a body gets none.
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
    if (facts.isDecoded && OF_CODED_BODIES.has(lowerName(name))) continue;
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

/** The coding itself, and digests of the coded form (RFC 9530 §2 and §3). */
const OF_CODED_BODIES: ReadonlySet<string> = new Set([
  'content-encoding',
  'content-digest',
  'repr-digest',
  'digest',
  'content-md5',
]);

/** Node writes an IPv4 peer of a dual-stack socket as IPv6, `::ffff:192.0.2.1`. */
function peerOf({ peerAddress, clientAddress }: BackendHeaderFacts): string {
  if (peerAddress === undefined) return clientAddress;
  return peerAddress.startsWith('::ffff:') && peerAddress.includes('.') ? peerAddress.slice(7) : peerAddress;
}

/**
 * Makes the headers for the client from the backend's, both flat `[name, value, …]`. Names, order and values are
 * unchanged, Content-Length included. Headers that end at the gateway (RFC 9110 §7.6.1) or that only the gateway sends
 * are left out.
 * @param credentials flat, the secrets that were sent to the endpoint: a header that repeats one is left out
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
  /** Values of headers that authenticate the gateway. */
  readonly secrets: readonly string[];
}

const NO_OWN: OwnHeaders = { names: new Set(), hasCredentials: false, secrets: [] };
/** A shorter value may occur in an ordinary header by chance. */
const MIN_SECRET_LENGTH = 8;
const ownByList = new WeakMap<readonly string[], OwnHeaders>();

/** Computed once for each endpoint: its list is the same object while it is configured. */
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
      if (!isCredential(name, value)) continue;
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
