import { createHash, type Hash } from 'node:crypto';
import { QUOTE } from '../body/json-bytes.ts';
import { StringEnds } from '../body/string-ends.ts';

const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN_BRACE = 0x7b;
const OPEN_BRACKET = 0x5b;
/** `[` and `{` differ in this bit only, and so do `]` and `}`. */
const BRACKET_BIT = 0x20;
const CLOSE_BRACE = 0x7d;

/** Bytes of a user's message that are compared: images make messages large. */
export const MAX_MESSAGE_BYTES = 256 * 1024;
/** Longer than any string that the scan looks for. */
const MAX_TOKEN_BYTES = 16;
/** Depth of the fields of the body, and of those of a message. */
const BODY = 1;
const MESSAGE = 3;

/**
 * Searches a JSON body that arrives in chunks for the part that is equal in all turns of a conversation and differs
 * between conversations: the messages up to the first one of the user, of that at most MAX_MESSAGE_BYTES. It reads
 * `messages` of chats and `input` of OpenAI's responses at any position, and keeps only a hash.
 */
export class OpeningScanner {
  /** Further chunks change nothing. */
  isDone = false;
  /** A hash of the opening; null until it is found, and if there is none. */
  opening: string | null = null;
  readonly #strings = new StringEnds();
  #depth = 0;
  #inString = false;
  /** The current string, as far as the scan may look for it; null for others. */
  #token: string | null = null;
  #isKey = false;
  #key = '';
  /** Hash of the list of messages up to `#hashedTo`; null before the list. */
  #hash: Hash | null = null;
  #hashedTo = 0;
  /** Bytes of all chunks before the current one. */
  #base = 0;
  /** The current message: its start in the body, its role, and the hash of up to MAX_MESSAGE_BYTES of it. */
  #messageStart = -1;
  #role: string | null = null;
  #cut: Hash | null = null;
  #isLong = false;

  push(chunk: Buffer): void {
    let at = 0;
    while (at < chunk.length && !this.isDone)
      at = this.#inString ? this.#readString(chunk, at) : this.#read(chunk, at);
    this.#strings.leave();
    if (!this.isDone) this.#hashTo(chunk, chunk.length);
    this.#base += chunk.length;
  }

  #readString(bytes: Buffer, at: number): number {
    const end = this.#strings.end(bytes, at);
    const stop = end < 0 ? bytes.length : end;
    if (this.#token !== null && this.#token.length < MAX_TOKEN_BYTES)
      this.#token += bytes.toString('latin1', at, Math.min(stop, at + MAX_TOKEN_BYTES));
    if (end < 0) return stop;
    this.#inString = false;
    if (this.#token !== null) this.#takeString(this.#token, bytes, end);
    this.#token = null;
    return end + 1;
  }

  #takeString(text: string, bytes: Buffer, at: number): void {
    if (this.#isKey) this.#key = text;
    else if (this.#depth === BODY) this.#takeValue();
    else if (this.#key === 'role' && this.#role === null) this.#takeRole(text, bytes, at);
  }

  #read(bytes: Buffer, at: number): number {
    const byte = bytes[at] as number;
    if (byte === QUOTE) {
      this.#inString = true;
      if (this.#isWatched()) this.#token = '';
    } else if ((byte | BRACKET_BIT) === OPEN_BRACE) this.#open(byte, at);
    else if ((byte | BRACKET_BIT) === CLOSE_BRACE) this.#close(bytes, at + 1);
    else if (byte === COLON && this.#isWatched()) this.#isKey = false;
    else if (byte === COMMA && this.#isWatched()) {
      if (this.#depth === BODY) this.#takeValue();
      this.#isKey = true;
    }
    return at + 1;
  }

  /** Whether strings at this depth matter. */
  #isWatched(): boolean {
    return this.#hash === null ? this.#depth === BODY : this.#depth === MESSAGE && this.#messageStart >= 0;
  }

  /** A field of the body has a value that is no list. */
  #takeValue(): void {
    if (!this.#isKey && (this.#key === 'messages' || this.#key === 'input')) this.#finish(null);
  }

  #open(byte: number, at: number): void {
    if (this.#depth === 0 && byte !== OPEN_BRACE) this.#finish(null);
    else if (this.#depth === BODY && this.#hash === null && !this.#isKey) {
      const isList = this.#key === 'messages' || this.#key === 'input';
      if (isList && byte !== OPEN_BRACKET) this.#finish(null);
      else if (isList) {
        this.#hash = createHash('sha256');
        this.#hashedTo = this.#base + at;
      }
    } else if (this.#hash !== null && this.#depth === MESSAGE - 1 && byte === OPEN_BRACE)
      this.#messageStart = this.#base + at;
    this.#depth += 1;
    if (this.#isWatched()) {
      this.#isKey = true;
      this.#key = '';
    }
  }

  /** @param to the index behind the bracket */
  #close(bytes: Buffer, to: number): void {
    this.#depth -= 1;
    if (this.#hash === null) {
      if (this.#depth === 0) this.#finish(null);
    } else if (this.#depth < MESSAGE - 1) this.#finish(null);
    else if (this.#depth === MESSAGE - 1 && this.#messageStart >= 0) {
      this.#hashTo(bytes, to);
      if (this.#role === 'user') this.#finish(this.#hash);
      this.#messageStart = -1;
      this.#role = null;
      this.#cut = null;
      this.#isLong = false;
    }
  }

  #takeRole(role: string, bytes: Buffer, at: number): void {
    this.#hashTo(bytes, at);
    this.#role = role;
    if (role === 'user' && this.#cut !== null) this.#finish(this.#cut);
    this.#cut = null;
  }

  #hashTo(bytes: Buffer, to: number): void {
    if (this.#hash === null) return;
    let from = this.#hashedTo - this.#base;
    const limit = this.#messageStart + MAX_MESSAGE_BYTES - this.#base;
    if (this.#messageStart >= 0 && !this.#isLong && to >= limit) {
      this.#isLong = true;
      this.#hash.update(bytes.subarray(from, limit));
      from = limit;
      if (this.#role === 'user') {
        this.#finish(this.#hash);
        return;
      }
      if (this.#role === null) this.#cut = this.#hash.copy();
    }
    this.#hash.update(bytes.subarray(from, to));
    this.#hashedTo = this.#base + to;
  }

  #finish(hash: Hash | null): void {
    if (this.isDone) return;
    this.isDone = true;
    this.opening = hash?.digest('base64url') ?? null;
  }
}
