import { BACKSLASH, QUOTE } from './json-bytes.ts';

/**
 * Text up to this length is searched as a string, which is three times faster for short strings. The native search of a
 * buffer is faster for long ones.
 */
const WINDOW_BYTES = 512;

/** Finds the ends of JSON strings in a body that arrives in chunks. */
export class StringEnds {
  /** The last chunk ended in a string, on a backslash that escapes the next byte. */
  #escapePending = false;
  /** A piece of the current chunk as text, one character a byte, and its start. */
  #window = '';
  #windowStart = 0;

  /**
   * Index of the quote that ends the string at `from`, or -1 if that quote is not in this chunk. A quote ends the
   * string if an even number of backslashes precedes it. Counting backwards from quotes costs less than searching for
   * backslashes and reads no byte more than twice.
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

  /** The scan of the current chunk is finished. */
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
