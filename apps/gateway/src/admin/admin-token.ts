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
    // Digests have one length, so that the comparison does not reveal the token's.
    return given !== undefined && timingSafeEqual(digestOf(given), this.#digest);
  }

  /** Takes it out of a request that is to be relayed: no server may get it. */
  takeOut({ headers, rawHeaders }: IncomingMessage): void {
    if (headers.authorization === undefined || !this.isIn(headers)) return;
    for (let i = rawHeaders.length - 2; i >= 0; i -= 2)
      if (rawHeaders[i]?.toLowerCase() === 'authorization') rawHeaders.splice(i, 2);
  }
}

function digestOf(text: string): Buffer {
  return hash('sha256', text, 'buffer');
}
