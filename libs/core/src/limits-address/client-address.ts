import { parseCidrs, type Cidrs } from './cidrs.ts';
import { formatAddress, parseAddress } from './parse-address.ts';

const MAX_CACHED = 4_096;
const MAX_HOPS = 32;
const MAX_HEADER_LENGTH = 2_048;

interface Peer {
  readonly address: string;
  readonly trusted: boolean;
}

const UNKNOWN: Peer = { address: 'unknown', trusted: false };

/** Which peers are proxies whose X-Forwarded-For counts. */
export class Trust {
  readonly #enabled: boolean;
  readonly #proxies: Cidrs;
  /** What was read of addresses: the same ones come again and again. Clients can make them up, so it is bounded. */
  readonly #peers = new Map<string, Peer>();

  /**
   * @param enabled whether forwarding headers count at all
   * @param proxies networks of the proxies, such as `10.0.0.0/8`
   * @throws RangeError naming the entry that is no network
   */
  constructor(enabled: boolean, proxies: readonly string[]) {
    this.#enabled = enabled;
    this.#proxies = parseCidrs(proxies);
  }

  /** Whether the peer with this address is such a proxy. */
  trusts(peer: string): boolean {
    return this.peer(peer).trusted;
  }

  /** An address in its usual form, `unknown` for what is none (a peer's whose connection is gone already). */
  peer(text: string): Peer {
    const known = this.#peers.get(text);
    if (known !== undefined) return known;
    const parsed = parseAddress(text);
    if (parsed === null) return UNKNOWN;
    const made: Peer = {
      address: formatAddress(parsed),
      trusted: this.#enabled && this.#proxies.has(parsed),
    };
    if (this.#peers.size >= MAX_CACHED) this.#peers.clear();
    this.#peers.set(text, made);
    return made;
  }
}

/**
 * Whose request it is. X-Forwarded-For is read from the right, because only its last entries are written by proxies
 * that are trusted; the first address that is not such a proxy is the client. An entry that is no address ends the
 * walk at the hop that reported it.
 *
 * @param peer address of the TCP peer; empty when its connection is gone already
 * @param forwardedFor the header, several joined by commas; undefined if there is none
 * @returns the address in its usual form
 */
export function clientAddress(peer: string, forwardedFor: string | undefined, trust: Trust): string {
  const direct = trust.peer(peer);
  if (!direct.trusted || forwardedFor === undefined) return direct.address;
  let nearest = direct.address;
  let end = forwardedFor.length;
  const least = Math.max(0, end - MAX_HEADER_LENGTH);
  for (let hop = 0; hop < MAX_HOPS && end > least; hop += 1) {
    const comma = forwardedFor.lastIndexOf(',', end - 1);
    const entry = trust.peer(withoutPort(forwardedFor.slice(comma + 1, end).trim()));
    if (entry === UNKNOWN) return nearest;
    nearest = entry.address;
    if (!entry.trusted) return nearest;
    end = comma;
  }
  return nearest;
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
