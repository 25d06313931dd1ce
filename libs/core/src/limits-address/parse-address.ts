/** An IP address as a number; IPv4 also where it is written as IPv6 (`::ffff:192.0.2.1`). */
export interface Address {
  readonly family: 4 | 6;
  readonly value: bigint;
}

const MAPPED = 0xffffn;

/** @returns null for anything that is not an address */
export function parseAddress(text: string): Address | null {
  if (text.length > 64) return null;
  if (!text.includes(':')) {
    const value = parseIpv4(text);
    return value === null ? null : { family: 4, value: BigInt(value) };
  }
  const zone = text.indexOf('%');
  const value = parseIpv6(zone < 0 ? text : text.slice(0, zone));
  if (value === null) return null;
  return value >> 32n === MAPPED ? { family: 4, value: value & 0xffffffffn } : { family: 6, value };
}

function parseIpv4(text: string): number | null {
  const parts = text.split('.');
  if (parts.length !== 4) return null;
  let value = 0;
  for (const part of parts) {
    const byte = Number(part);
    // Some parsers read a leading zero as octal. Such an address would mean two, so it is refused.
    if (!isDigits(part) || byte > 255 || (part.length > 1 && part.startsWith('0'))) return null;
    value = value * 256 + byte;
  }
  return value;
}

function parseIpv6(text: string): bigint | null {
  const gap = text.indexOf('::');
  if (gap !== text.lastIndexOf('::')) return null;
  const head = groups(gap < 0 ? text : text.slice(0, gap), gap < 0);
  const tail = gap < 0 ? [] : groups(text.slice(gap + 2), true);
  if (head === null || tail === null) return null;
  const missing = 8 - head.length - tail.length;
  if (gap < 0 ? missing !== 0 : missing < 1) return null;
  let value = 0n;
  for (const group of [...head, ...new Array<number>(missing).fill(0), ...tail]) {
    value = (value << 16n) | BigInt(group);
  }
  return value;
}

function groups(text: string, mayEndInIpv4: boolean): number[] | null {
  if (text === '') return [];
  const parts = text.split(':');
  const found: number[] = [];
  for (let i = 0; i < parts.length; i += 1) {
    const part = parts[i] as string;
    if (mayEndInIpv4 && i === parts.length - 1 && part.includes('.')) {
      const value = parseIpv4(part);
      if (value === null) return null;
      found.push(Math.floor(value / 65_536), value % 65_536);
    } else {
      if (!isHex(part)) return null;
      found.push(Number.parseInt(part, 16));
    }
  }
  return found;
}

function isDigits(text: string): boolean {
  if (text.length === 0 || text.length > 3) return false;
  for (let i = 0; i < text.length; i += 1) if (!isBetween(text.charCodeAt(i), 0x30, 0x39)) return false;
  return true;
}

function isHex(text: string): boolean {
  if (text.length === 0 || text.length > 4) return false;
  for (let i = 0; i < text.length; i += 1) {
    const code = text.charCodeAt(i);
    if (!isBetween(code, 0x30, 0x39) && !isBetween(code | 0x20, 0x61, 0x66)) return false;
  }
  return true;
}

function isBetween(code: number, low: number, high: number): boolean {
  return code >= low && code <= high;
}

/** The address in its usual form: IPv4 dotted, IPv6 in lower case without leading zeros, longest run of zeros as `::`. */
export function formatAddress({ family, value }: Address): string {
  if (family === 4) {
    const number = Number(value);
    return [24, 16, 8, 0].map((shift) => String((number >>> shift) & 255)).join('.');
  }
  const parts: string[] = [];
  for (let shift = 112n; shift >= 0n; shift -= 16n) parts.push(((value >> shift) & 0xffffn).toString(16));
  return compress(parts);
}

/** RFC 5952 §4.2: the first of the longest runs of at least two zero groups. */
function compress(parts: readonly string[]): string {
  let best = -1;
  let bestLength = 1;
  for (let i = 0; i < parts.length; i += 1) {
    let end = i;
    while (parts[end] === '0') end += 1;
    if (end - i > bestLength) {
      best = i;
      bestLength = end - i;
    }
  }
  if (best < 0) return parts.join(':');
  return `${parts.slice(0, best).join(':')}::${parts.slice(best + bestLength).join(':')}`;
}
