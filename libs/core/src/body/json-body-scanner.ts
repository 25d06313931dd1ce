import { FoundFields, MAX_MODEL_TOKEN_BYTES, type ScanState } from './body-fields.ts';
import {
  asBuffer,
  decodeString,
  endOfLiteral,
  isLiteral,
  isSpace,
  MAX_KEY_BYTES,
  QUOTE,
  spellingOfModel,
} from './json-bytes.ts';
import { PutOffChunks } from './put-off-chunks.ts';
import { StringEnds } from './string-ends.ts';

const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
/** `[` and `{` differ in this bit only, and so do `]` and `}`. */
const BRACKET_BIT = 0x20;
/** Most servers read a body that begins with a byte order mark. */
const BYTE_ORDER_MARK: readonly number[] = [0xef, 0xbb, 0xbf];
/** Length of the longest literal that matters, `null`, plus one byte that shows that a literal is longer. */
const MAX_LITERAL_BYTES = 5;

type Mode =
  | 'start'
  | 'key-or-end'
  | 'key'
  | 'colon'
  | 'value'
  | 'string'
  | 'model'
  | 'model-literal'
  | 'literal'
  | 'nested'
  | 'nested-string'
  | 'after-value';

/**
 * Finds the top-level `model` of a JSON object that arrives in chunks, in any letter case, up to the end of the object.
 * It reads structure only. It keeps no stack, and of the body only tokens split over chunks and a bounded number of
 * deferred chunks, so neither depth nor size of a body costs memory.
 */
export class JsonBodyScanner extends FoundFields {
  #mode: Mode = 'start';
  /** How the key of the next or current value spells `model`. */
  #spelling: 'exact' | 'other' | null = null;
  #depth = 0;
  /** Bytes of a key or model whose end has not arrived yet; null if there are none. */
  #held: Buffer | null = null;
  #tokenStart = 0;
  /** Bytes of all chunks before the present one. */
  #base = 0;
  /** Chunks behind the model that cannot name another one; null once they had to be read. */
  #putOff: PutOffChunks | null = new PutOffChunks();
  readonly #strings = new StringEnds();

  push(chunk: Uint8Array): ScanState {
    if (this.state !== 'need-more') return this.state;
    const bytes = asBuffer(chunk);
    const putOff = this.#putOff;
    if (putOff === null || putOff.isEmpty) this.#scan(bytes, 0);
    else if (!putOff.add(bytes, 0)) this.#takeUp(putOff);
    return this.state;
  }

  end(): ScanState {
    if (this.state !== 'need-more') return this.state;
    if (this.#isPutOff) this.finish(false);
    else if (this.#mode === 'start')
      this.refuse('INVALID_JSON', 'the body is empty. This path takes a JSON object');
    else this.finish(true);
    this.#putOff = null;
    return this.state;
  }

  get #isPutOff(): boolean {
    return this.#putOff?.isEmpty === false;
  }

  #scan(bytes: Buffer, from: number): void {
    let at = from;
    while (at < bytes.length && this.state === 'need-more' && !this.#isPutOff) at = this.#step(bytes, at);
    this.#strings.leave();
    if (!this.#isPutOff) this.#base += bytes.length;
  }

  /** Scans the deferred chunks: they may hold a second model, or are too large to keep. */
  #takeUp(putOff: PutOffChunks): void {
    this.#putOff = null;
    let { from } = putOff;
    for (const bytes of putOff.take()) {
      if (this.state === 'need-more') this.#scan(bytes, from);
      from = 0;
    }
  }

  #step(bytes: Buffer, at: number): number {
    switch (this.#mode) {
      case 'start':
      case 'key-or-end':
      case 'colon':
      case 'after-value':
        return this.#structure(bytes, at);
      case 'value':
        return this.#valueStart(bytes, at);
      case 'key':
        return this.#readKey(bytes, at);
      case 'model':
        return this.#readModel(bytes, at);
      case 'model-literal':
        return this.#readModelLiteral(bytes, at);
      case 'string':
        return this.#skipString(bytes, at);
      case 'literal':
        return this.#skipLiteral(bytes, at);
      case 'nested':
      case 'nested-string':
        return this.#skipNested(bytes, at);
    }
  }

  /** One byte of structure at the top level. */
  #structure(bytes: Buffer, at: number): number {
    const byte = bytes[at] as number;
    if (isSpace(byte)) return at + 1;
    if (this.#mode === 'start') this.#start(byte, this.#base + at);
    else if (this.#mode === 'key-or-end' && byte === QUOTE) {
      this.#mode = 'key';
      this.hasFields = true;
    } else if (this.#mode === 'colon' && byte === COLON) this.#mode = 'value';
    else if (this.#mode === 'after-value' && byte === COMMA) this.#mode = 'key-or-end';
    else if (this.#mode !== 'colon' && byte === CLOSE_BRACE) this.finish(false);
    // RFC 8259 §8.1 demands UTF-8. In UTF-16 every other byte at an object's beginning is 0, and some servers accept
    // it.
    else if (byte === 0) this.refuse('INVALID_JSON', 'the body is not in UTF-8, as JSON has to be');
    // Broken JSON: the backend decides about it.
    else this.finish(true);
    return at + 1;
  }

  #start(byte: number, offset: number): void {
    if (byte === OPEN_BRACE) {
      this.#mode = 'key-or-end';
      this.insertAt = offset + 1;
    } else if (byte !== BYTE_ORDER_MARK[offset])
      this.refuse('INVALID_JSON', 'the body is not a JSON object: it must start with "{"');
  }

  #valueStart(bytes: Buffer, at: number): number {
    const byte = bytes[at] as number;
    if (isSpace(byte)) return at + 1;
    if (this.#spelling !== null) return this.#modelStart(byte, at);
    if (byte === QUOTE) {
      this.#mode = 'string';
      return at + 1;
    }
    if ((byte | BRACKET_BIT) === OPEN_BRACE) {
      this.#mode = 'nested';
      this.#depth = 1;
      return at + 1;
    }
    this.#mode = 'literal';
    return at;
  }

  #modelStart(byte: number, at: number): number {
    this.#tokenStart = this.#base + at;
    if (byte === QUOTE) {
      this.#mode = 'model';
      return at + 1;
    }
    if (isLiteral(byte)) {
      this.#mode = 'model-literal';
      return at;
    }
    this.#noName('`model` must be a string');
    this.#mode = 'value';
    return at;
  }

  #readKey(bytes: Buffer, at: number): number {
    const end = this.#strings.end(bytes, at);
    if (end < 0) {
      this.#hold(bytes.subarray(at), MAX_KEY_BYTES + 1);
      return bytes.length;
    }
    if (this.#held === null) this.#spelling = spellingOfModel(bytes, at, end);
    else {
      const key = this.#whole(bytes.subarray(at, end), MAX_KEY_BYTES + 1);
      this.#spelling = spellingOfModel(key, 0, key.length);
    }
    this.#mode = 'colon';
    return end + 1;
  }

  #readModel(bytes: Buffer, at: number): number {
    const end = this.#strings.end(bytes, at);
    const stop = end < 0 ? bytes.length : end;
    if (this.#base + stop - this.#tokenStart > MAX_MODEL_TOKEN_BYTES) {
      this.#held = null;
      this.#noName(`\`model\` is longer than ${String(MAX_MODEL_TOKEN_BYTES)} bytes`);
      this.#mode = end < 0 ? 'string' : 'after-value';
      return end < 0 ? stop : end + 1;
    }
    if (end < 0) {
      this.#hold(bytes.subarray(at), MAX_MODEL_TOKEN_BYTES);
      return stop;
    }
    const name = decodeString(this.#whole(bytes.subarray(at, end), MAX_MODEL_TOKEN_BYTES));
    this.#mode = 'after-value';
    if (name === null) this.#noName('`model` is not a well-formed JSON string');
    else this.#found(name, end + 1, bytes);
    return end + 1;
  }

  #readModelLiteral(bytes: Buffer, at: number): number {
    const end = endOfLiteral(bytes, at);
    if (end === bytes.length) {
      this.#hold(bytes.subarray(at), MAX_LITERAL_BYTES);
      return end;
    }
    const text = this.#whole(bytes.subarray(at, end), MAX_LITERAL_BYTES).toString('latin1');
    this.#mode = 'after-value';
    if (text === 'null') this.#found(null, end, bytes);
    else this.#noName('`model` must be a string');
    return end;
  }

  #found(model: string | null, end: number, bytes: Buffer): void {
    const range = { start: this.#tokenStart, end: this.#base + end };
    this.add({ model, isExact: this.#spelling === 'exact', ...range });
    this.#spelling = null;
    // Reading the rest is deferred: a search of its text nearly always shows that it names no model.
    if (this.state === 'need-more' && this.#putOff?.add(bytes, end) === false) this.#putOff = null;
  }

  /**
   * The value cannot be a name: an error of the client, unless only some servers would take the field for the model.
   */
  #noName(reason: string): void {
    if (this.#spelling === 'exact') this.refuse('INVALID_MODEL', reason);
    else this.add({ model: undefined, isExact: false, start: this.#tokenStart, end: this.#tokenStart });
    this.#spelling = null;
  }

  #skipString(bytes: Buffer, at: number): number {
    const end = this.#strings.end(bytes, at);
    if (end < 0) return bytes.length;
    this.#mode = 'after-value';
    return end + 1;
  }

  #skipLiteral(bytes: Buffer, at: number): number {
    const end = endOfLiteral(bytes, at);
    if (end < bytes.length) this.#mode = 'after-value';
    return end;
  }

  #skipNested(bytes: Buffer, from: number): number {
    let at = from;
    let depth = this.#depth;
    let inString = this.#mode === 'nested-string';
    const length = bytes.length;
    while (at < length) {
      if (inString) {
        const end = this.#strings.end(bytes, at);
        if (end < 0) break;
        at = end + 1;
        inString = false;
        continue;
      }
      const byte = bytes[at] as number;
      at += 1;
      if (byte === QUOTE) inString = true;
      else if ((byte | BRACKET_BIT) === OPEN_BRACE) depth += 1;
      else if ((byte | BRACKET_BIT) === CLOSE_BRACE) {
        depth -= 1;
        if (depth === 0) {
          this.#mode = 'after-value';
          return at;
        }
      }
    }
    this.#depth = depth;
    this.#mode = inString ? 'nested-string' : 'nested';
    return length;
  }

  /**
   * Keeps at most `limit` bytes of a split token. A token that is cut off is longer than any that the scan looks for.
   */
  #hold(bytes: Buffer, limit: number): void {
    const held = this.#held;
    if (held === null) this.#held = Buffer.from(bytes.subarray(0, limit));
    else if (held.length < limit) this.#held = Buffer.concat([held, bytes.subarray(0, limit - held.length)]);
  }

  /** The token that ends with these bytes. */
  #whole(end: Buffer, limit: number): Buffer {
    if (this.#held === null) return end;
    this.#hold(end, limit);
    const token = this.#held;
    this.#held = null;
    return token;
  }
}
