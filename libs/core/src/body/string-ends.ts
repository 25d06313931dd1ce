import { BACKSLASH, QUOTE } from './json-bytes.ts';

/**
 * Bytes that are looked through as text: short strings, as most are, are found in text three times faster than by the
 * native search of a buffer, which is faster for long ones.
 */
const WINDOW_BYTES = 512;

/** Finds the ends of JSON strings in a body that comes in chunks. */
export class StringEnds {
  /** The last chunk ended in a string, on a backslash that escapes the byte to come. */
  #escapePending = false;
  /** A piece of the present chunk as text, one character a byte, and where it starts. */
  #window = '';
  #windowStart = 0;

  /**
   * Index of the quote that ends the string which `from` is in, or -1 if it is not in this chunk. A quote ends the
   * string if the run of backslashes before it is even: looking back from quotes costs less than looking for
   * backslashes, and no byte is looked at more than twice.
   */
  end(bytes: Buffer, from: number): number {
    let start = from;
    for (;;) {
      const quote = this.#nextQuote(bytes, start);
      const stop = quote < 0 ? bytes.length : quote;
      let first = stop;
      while (first > start && bytes[first - 1] === BACKSLASH) first -= 1;
      const run = stop - first + (first === start && this.#escapePending ? 1 : 0);
      const escaped = (run & 1) === 1;
      this.#escapePending = quote < 0 && escaped;
      if (quote < 0) return -1;
      if (!escaped) return quote;
      start = quote + 1;
    }
  }

  /** The present chunk is done with. */
  leave(): void {
    this.#window = '';
  }

  #nextQuote(bytes: Buffer, from: number): number {
    const past = from - this.#windowStart;
    if (past < 0 || past >= this.#window.length) {
      this.#window = bytes.toString('latin1', from, from + WINDOW_BYTES);
      this.#windowStart = from;
    }
    const found = this.#window.indexOf('"', from - this.#windowStart);
    if (found >= 0) return this.#windowStart + found;
    const end = this.#windowStart + this.#window.length;
    return end >= bytes.length ? -1 : bytes.indexOf(QUOTE, end);
  }
}
