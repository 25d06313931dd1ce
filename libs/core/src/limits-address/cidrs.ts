import { parseAddress, type Address } from './parse-address.ts';

interface Range {
  readonly family: 4 | 6;
  readonly prefix: bigint;
  /** Bits of the address beyond the prefix. */
  readonly shift: bigint;
}

/** Networks to compare addresses with. */
export class Cidrs {
  readonly #ranges: readonly Range[];

  constructor(ranges: readonly Range[]) {
    this.#ranges = ranges;
  }

  has(address: Address): boolean {
    for (const range of this.#ranges) {
      if (range.family === address.family && address.value >> range.shift === range.prefix) return true;
    }
    return false;
  }
}

/**
 * @param list networks such as `10.0.0.0/8` or `fd00::/8`; an address alone is a network of one
 * @throws RangeError naming the entry that is neither
 */
export function parseCidrs(list: readonly string[]): Cidrs {
  return new Cidrs(list.map(parseRange));
}

function parseRange(text: string): Range {
  const slash = text.indexOf('/');
  const address = parseAddress(slash < 0 ? text : text.slice(0, slash));
  if (address === null) throw new RangeError(`"${text}" is not a network such as 10.0.0.0/8`);
  const width = address.family === 4 ? 32 : 128;
  let length = slash < 0 ? width : prefixLength(text.slice(slash + 1));
  // In ::ffff:10.0.0.0/104 the length includes the 96 bits before the IPv4 address.
  if (slash >= 0 && address.family === 4 && text.includes(':')) length -= 96;
  if (!(length >= 0 && length <= width)) {
    throw new RangeError(`"${text}" has no prefix length from 0 to ${String(width)} behind its slash`);
  }
  const shift = BigInt(width - length);
  return { family: address.family, prefix: address.value >> shift, shift };
}

function prefixLength(text: string): number {
  return /^\d{1,3}$/.test(text) ? Number(text) : Number.NaN;
}
