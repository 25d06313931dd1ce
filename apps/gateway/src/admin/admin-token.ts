import { hash, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';

/** The admin token of this gateway. */
export class AdminToken {
  readonly #digest: Buffer;

  constructor(token: string) {
    this.#digest = digestOf(token);
  }

  /** Whether a request carries it: `Authorization: Bearer …` */
  isIn({ authorization }: IncomingHttpHeaders): boolean {
    const given = /^Bearer +(\S+) *$/i.exec(authorization ?? '')?.[1];
    return given !== undefined && this.#is(given);
  }

  /**
   * Takes it out of a request that is to be relayed: no server may get it, also where it does not count because its header
   * is the second one or has another scheme.
   */
  takeOut({ headers, rawHeaders }: IncomingMessage): void {
    if (headers.authorization === undefined) return;
    for (let i = rawHeaders.length - 2; i >= 0; i -= 2)
      if (rawHeaders[i]?.toLowerCase() === 'authorization' && this.#endsIn(rawHeaders[i + 1] ?? ''))
        rawHeaders.splice(i, 2);
  }

  #endsIn(value: string): boolean {
    const text = value.trim();
    return this.#is(text.slice(Math.max(text.lastIndexOf(' '), text.lastIndexOf('\t')) + 1));
  }

  /** Digests have one length, so that the comparison tells nothing of the token's. */
  #is(given: string): boolean {
    return timingSafeEqual(digestOf(given), this.#digest);
  }
}

function digestOf(text: string): Buffer {
  return hash('sha256', text, 'buffer');
}
