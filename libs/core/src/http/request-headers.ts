import { HOP_BY_HOP, nominatedNames } from './connection-names.ts';
import { lowerName } from './lower-name.ts';
import { memoByName } from './memo-by-name.ts';

export interface RequestHeaderFacts {
  /** Address that the client is known by; see limits-address/client-address.ts. */
  readonly clientAddress: string;
  /** The TCP peer's address. */
  readonly peerAddress: string;
  /** The peer is a proxy whose forwarding headers count: they are added to, else replaced. */
  readonly peerTrusted: boolean;
  readonly proto: 'http' | 'https';
  readonly requestId: string;
  /** New length of a body that was changed, in bytes; without it the client's Content-Length stays. */
  readonly contentLength?: number;
}

/** What requests to one endpoint carry; made once by `endpointHeaders`. */
export interface EndpointHeaders {
  readonly host: string;
  /** Flat. */
  readonly own: readonly string[];
  /** Lower-cased names in `own`. */
  readonly ownNames: ReadonlySet<string>;
  readonly hasCredentials: boolean;
}

/**
 * @param host `host[:port]` for its Host header
 * @param configured headers of the configuration for it, flat
 * @param credentials its own credentials as headers, flat; empty if it has none
 */
export function endpointHeaders(
  host: string,
  configured: readonly string[],
  credentials: readonly string[],
): EndpointHeaders {
  const own = [...configured, ...credentials];
  const ownNames = new Set(own.filter((_, i) => i % 2 === 0).map(lowerName));
  return { host, own, ownNames, hasCredentials: credentials.length > 0 };
}

type Rule =
  'keep' | 'drop' | 'host' | 'credential' | 'forwarded' | 'forwarded-for' | 'via' | 'connection' | 'length';

const RULES: Readonly<Record<string, Rule>> = {
  ...Object.fromEntries(HOP_BY_HOP.map((name) => [name, 'drop' as const])),
  connection: 'connection',
  host: 'host',
  // The body is read here already: nobody waits for leave to send it.
  expect: 'drop',
  cookie: 'drop',
  // A server on loopback refuses the pages of other origins, and CORS ends here.
  origin: 'drop',
  'access-control-request-method': 'drop',
  'access-control-request-headers': 'drop',
  'access-control-request-private-network': 'drop',
  'x-request-id': 'drop',
  // llama-server goes on for an absent client if asked to by this name.
  'x-conversation-id': 'drop',
  authorization: 'credential',
  'x-api-key': 'credential',
  'content-length': 'length',
  via: 'via',
  'x-forwarded-for': 'forwarded-for',
  'x-real-ip': 'drop',
  'x-client-ip': 'drop',
  forwarded: 'forwarded',
};

const ruleOf = memoByName((name): Rule => {
  if (Object.hasOwn(RULES, name)) return RULES[name] as Rule;
  if (name.startsWith('x-olla-')) return 'drop';
  return name.startsWith('x-forwarded-') ? 'forwarded' : 'keep';
});

/**
 * Headers for the backend from the client's, both flat `[name, value, …]`: names, order and values as they came,
 * without those that end here (RFC 9110 §7.6.1), and with what says who asked. Transfer-Encoding is left out: whoever
 * sends the body frames it.
 */
export function requestHeaders(
  raw: readonly string[],
  facts: RequestHeaderFacts,
  endpoint: EndpointHeaders,
): string[] {
  const headers: string[] = ['Host', endpoint.host];
  const nominated = nominatedNames(raw);
  let host: string | undefined;
  let via = '';
  let forwardedFor = '';
  let seenHost = false;
  let seenProto = false;
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const name = raw[i] as string;
    const value = raw[i + 1] as string;
    const rule = ruleOf(name);
    if (rule === 'host') host ??= value;
    else if (rule === 'via') via = via === '' ? value : `${via}, ${value}`;
    else if (rule === 'drop' || rule === 'connection') continue;
    else if (rule === 'forwarded-for') {
      if (facts.peerTrusted) forwardedFor = forwardedFor === '' ? value : `${forwardedFor}, ${value}`;
    } else if (rule === 'credential' && endpoint.hasCredentials) continue;
    else if (rule === 'length' && facts.contentLength !== undefined) continue;
    else if (rule === 'forwarded' && !facts.peerTrusted) continue;
    else if (nominated !== null && nominated.has(lowerName(name))) continue;
    else if (endpoint.ownNames.size > 0 && endpoint.ownNames.has(lowerName(name))) continue;
    else {
      if (rule === 'forwarded') {
        const lower = lowerName(name);
        seenHost ||= lower === 'x-forwarded-host';
        seenProto ||= lower === 'x-forwarded-proto';
      }
      headers.push(name, value);
    }
  }
  if (facts.contentLength !== undefined) headers.push('Content-Length', String(facts.contentLength));
  if (!seenHost && host !== undefined) headers.push('X-Forwarded-Host', host);
  if (!seenProto) headers.push('X-Forwarded-Proto', facts.proto);
  headers.push(
    'X-Forwarded-For',
    forwardedFor === '' ? facts.peerAddress : `${forwardedFor}, ${facts.peerAddress}`,
    'X-Real-IP',
    facts.clientAddress,
    'X-Request-ID',
    facts.requestId,
    'Via',
    via === '' ? VIA : `${via}, ${VIA}`,
  );
  for (const part of endpoint.own) headers.push(part);
  return headers;
}

/** Protocol version and name of this gateway, as it signs what it forwards. */
export const VIA = '1.1 olla';
