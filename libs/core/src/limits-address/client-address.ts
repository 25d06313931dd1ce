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
  /** Cache of parsed addresses, because the same ones recur. Bounded, because clients can invent them. */
  readonly #peers = new Map<string, Peer>();

  /**
   * @param enabled whether forwarding headers count at all
   * @param proxies networks of the proxies, such as `10.0.0.0/8`
   * @throws RangeError that names the entry that is no network
   */
  constructor(enabled: boolean, proxies: readonly string[]) {
    this.#enabled = enabled;
    this.#proxies = parseCidrs(proxies);
  }

  /** Whether the peer with this address is such a proxy. */
  trusts(peer: string): boolean {
    return this.peer(peer).trusted;
  }

  /** The address in its usual form; `unknown` for a text that is no address, such as that of a closed connection. */
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
 * Finds the client's address. X-Forwarded-For is read from its end, because trusted proxies wrote only its last
 * entries. The first address that is not a trusted proxy is the client's. If an entry is no address, the proxy that
 * wrote it counts as the client.
 *
 * @param peer address of the TCP peer; empty if its connection is closed
 * @param forwardedFor X-Forwarded-For, several joined by commas; undefined if there is none
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

/** Some proxies write `192.0.2.1:443` and `[2001:db8::1]:443`. */
function withoutPort(text: string): string {
  if (text.startsWith('[')) return text.slice(1, Math.max(1, text.indexOf(']')));
  const colon = text.indexOf(':');
  return colon >= 0 && colon === text.lastIndexOf(':') ? text.slice(0, colon) : text;
}

/**
 * The key of an address for limits. IPv6 counts by /64, because a client can use every address of its own /64.
 *
 * @returns the address itself for IPv4 and for a text that is no address
 */
export function limitKey(address: string): string {
  const parsed = parseAddress(address);
  if (parsed === null) return address;
  if (parsed.family === 4) return formatAddress(parsed);
  return `${formatAddress({ family: 6, value: (parsed.value >> 64n) << 64n })}/64`;
}
