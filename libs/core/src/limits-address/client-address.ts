import type { Cidrs } from './cidrs.ts';
import { formatAddress, parseAddress } from './parse-address.ts';

const MAX_CACHED = 4_096;
const MAX_HOPS = 32;
const MAX_HEADER_LENGTH = 2_048;

export interface ProxyTrust {
  /** Whether forwarding headers count at all. */
  readonly enabled: boolean;
  /** Networks of the proxies whose headers count. */
  readonly proxies: Cidrs;
}

export interface ClientAddress {
  /** In its usual form; the peer's where nothing better is known, `unknown` if its connection is gone already. */
  readonly address: string;
  /** The TCP peer is a proxy whose headers count. */
  readonly peerTrusted: boolean;
}

/**
 * Tells whose request it is. X-Forwarded-For is read from the right, because only its last entries are written by
 * proxies that are trusted; the first address that is not such a proxy is the client. An entry that is no address ends
 * the walk at the hop that reported it.
 */
export class ClientAddresses {
  readonly #trust: ProxyTrust;
  /** Peers are few, or come many times over one connection. */
  readonly #peers = new Map<string, ClientAddress>();

  constructor(trust: ProxyTrust) {
    this.#trust = trust;
  }

  /**
   * @param peer address of the TCP peer; undefined when its connection is gone already
   * @param forwardedFor the header, several joined by commas; undefined if there is none
   */
  of(peer: string | undefined, forwardedFor: string | undefined): ClientAddress {
    const direct = this.#peer(peer ?? '');
    if (!direct.peerTrusted || forwardedFor === undefined) return direct;
    return { address: this.#walk(direct.address, forwardedFor), peerTrusted: true };
  }

  #peer(text: string): ClientAddress {
    const known = this.#peers.get(text);
    if (known !== undefined) return known;
    const parsed = parseAddress(text);
    const made: ClientAddress = {
      address: parsed === null ? 'unknown' : formatAddress(parsed),
      peerTrusted: parsed !== null && this.#trust.enabled && this.#trust.proxies.has(parsed),
    };
    if (this.#peers.size >= MAX_CACHED) this.#peers.clear();
    this.#peers.set(text, made);
    return made;
  }

  #walk(peer: string, forwardedFor: string): string {
    let nearest = peer;
    let end = forwardedFor.length;
    const least = Math.max(0, end - MAX_HEADER_LENGTH);
    for (let hop = 0; hop < MAX_HOPS && end > least; hop += 1) {
      const comma = forwardedFor.lastIndexOf(',', end - 1);
      const parsed = parseAddress(withoutPort(forwardedFor.slice(comma + 1, end).trim()));
      if (parsed === null) return nearest;
      nearest = formatAddress(parsed);
      if (!this.#trust.proxies.has(parsed)) return nearest;
      end = comma;
    }
    return nearest;
  }
}

/** `192.0.2.1:443` and `[2001:db8::1]:443`, as some proxies write. */
function withoutPort(text: string): string {
  if (text.startsWith('[')) return text.slice(1, Math.max(1, text.indexOf(']')));
  const colon = text.indexOf(':');
  return colon >= 0 && colon === text.lastIndexOf(':') ? text.slice(0, colon) : text;
}

/**
 * What an address counts as for limits: an IPv6 client has a /64 of its own and can take any address in it.
 *
 * @returns the address itself for IPv4 and for what is no address
 */
export function limitKey(address: string): string {
  const parsed = parseAddress(address);
  if (parsed === null) return address;
  if (parsed.family === 4) return formatAddress(parsed);
  return `${formatAddress({ family: 6, value: (parsed.value >> 64n) << 64n })}/64`;
}
