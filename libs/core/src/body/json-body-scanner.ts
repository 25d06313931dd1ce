import { MAX_MODEL_TOKEN_BYTES, type BodyFields, type ScanOptions, type ScanState } from './body-fields.ts';
import { decodeString, isLiteral, isSpace, MAX_KEY_BYTES, QUOTE, spellsModel } from './json-bytes.ts';
import { StringEnds } from './string-ends.ts';

/** A body that has neither behind its model has no second one: letters can only be written as they are or as \u00XX. */
const MODEL_KEY = Buffer.from('"model"');
const ESCAPED_LETTER = Buffer.from('\\u00');
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
/** `[` and `{` differ in this bit only, and so do `]` and `}`. */
const BRACKET_BIT = 0x20;

type Mode =
  | 'start'
  | 'key-or-end'
  | 'key'
  | 'colon'
  | 'value'
  | 'string'
  | 'model'
  | 'literal'
  | 'nested'
  | 'nested-string'
  | 'after-value';

/**
 * Finds the top-level `model` of a JSON object that arrives in chunks. It reads structure only: keeps
 * no stack and none of the body but a token split over chunks, so that neither depth nor size of a body costs memory.
 */
export class JsonBodyScanner implements BodyFields {
  state: ScanState = 'need-more';
  model: string | null = null;
  modelStart = -1;
  modelEnd = -1;
  error: 'INVALID_JSON' | 'INVALID_MODEL' | null = null;
  reason = '';

  readonly #untilEnd: boolean;
  #mode: Mode = 'start';
  /** The value to come, or that is being read, is the model. */
  #isModel = false;
  #depth = 0;
  /** Bytes of a key or model whose end has not come yet; null when there are none. */
  #held: Buffer | null = null;
  /** Bytes of all chunks before the present one. */
  #base = 0;
  /** The chunk that the model was found in, while nothing came after it; what is left of it starts at `#putOffAt`. */
  #putOff: Buffer | null = null;
  #putOffAt = 0;
  readonly #strings = new StringEnds();

  constructor(options: ScanOptions = {}) {
    this.#untilEnd = options.untilEnd ?? false;
  }

  push(chunk: Uint8Array): ScanState {
    if (this.state !== 'need-more') return this.state;
    this.#takeUp();
    this.#scan(asBuffer(chunk), 0);
    return this.state;
  }

  /** The body is over. */
  end(): ScanState {
    if (this.state !== 'need-more') return this.state;
    const at = this.#putOffAt;
    if (this.#putOff?.includes(MODEL_KEY, at) || this.#putOff?.includes(ESCAPED_LETTER, at)) this.#takeUp();
    if (this.state === 'need-more') this.#finish();
    this.#putOff = null;
    return this.state;
  }

  #scan(bytes: Buffer, from: number): void {
    let at = from;
    while (at < bytes.length && this.state === 'need-more' && this.#putOff === null)
      at = this.#step(bytes, at);
    this.#strings.leave();
    if (this.#putOff === null) this.#base += bytes.length;
  }

  /** Scans what was put off: more came, or there may be a second model in it. */
  #takeUp(): void {
    const bytes = this.#putOff;
    if (bytes === null) return;
    this.#putOff = null;
    this.#scan(bytes, this.#putOffAt);
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
    if (this.#mode === 'start') {
      if (byte === OPEN_BRACE) this.#mode = 'key-or-end';
      else this.#refuse('INVALID_JSON', 'the body is not a JSON object: it must start with "{"');
    } else if (this.#mode === 'key-or-end' && byte === QUOTE) this.#mode = 'key';
    else if (this.#mode === 'colon' && byte === COLON) this.#mode = 'value';
    else if (this.#mode === 'after-value' && byte === COMMA) this.#mode = 'key-or-end';
    // The end of the object, or broken JSON: both end the scan, and the backend judges the second.
    else this.#finish();
    return at + 1;
  }

  #valueStart(bytes: Buffer, at: number): number {
    const byte = bytes[at] as number;
    if (isSpace(byte)) return at + 1;
    if (this.#isModel) return this.#modelValue(byte, at);
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

  #modelValue(byte: number, at: number): number {
    if (byte !== QUOTE) this.#refuse('INVALID_MODEL', '`model` must be a string');
    else if (this.model !== null) this.#refuse('INVALID_MODEL', '`model` stands in the body twice');
    else {
      this.modelStart = this.#base + at;
      this.#mode = 'model';
    }
    return at + 1;
  }

  #readKey(bytes: Buffer, at: number): number {
    const end = this.#strings.end(bytes, at);
    if (end < 0) {
      this.#hold(bytes.subarray(at), MAX_KEY_BYTES + 1);
      return bytes.length;
    }
    if (this.#held === null) this.#isModel = spellsModel(bytes, at, end);
    else {
      this.#hold(bytes.subarray(at, end), MAX_KEY_BYTES + 1);
      this.#isModel = spellsModel(this.#held, 0, this.#held.length);
      this.#held = null;
    }
    this.#mode = 'colon';
    return end + 1;
  }

  #readModel(bytes: Buffer, at: number): number {
    const end = this.#strings.end(bytes, at);
    const stop = end < 0 ? bytes.length : end;
    if (this.#base + stop - this.modelStart > MAX_MODEL_TOKEN_BYTES) {
      this.#refuse('INVALID_MODEL', `\`model\` is longer than ${String(MAX_MODEL_TOKEN_BYTES)} bytes`);
      return stop;
    }
    if (end < 0) {
      this.#hold(bytes.subarray(at), MAX_MODEL_TOKEN_BYTES);
      return stop;
    }
    let token = bytes.subarray(at, end);
    if (this.#held !== null) {
      token = Buffer.concat([this.#held, token]);
      this.#held = null;
    }
    const name = decodeString(token);
    if (name === null) {
      this.#refuse('INVALID_MODEL', '`model` is not a well-formed JSON string');
      return stop;
    }
    this.model = name;
    this.modelEnd = this.#base + end + 1;
    this.#mode = 'after-value';
    if (!this.#untilEnd) this.state = 'done';
    // Looking at the rest is put off: at the end of the body, one native search for `model` tells nearly always.
    else {
      this.#putOff = bytes;
      this.#putOffAt = end + 1;
    }
    return end + 1;
  }

  #skipString(bytes: Buffer, at: number): number {
    const end = this.#strings.end(bytes, at);
    if (end < 0) return bytes.length;
    this.#mode = 'after-value';
    return end + 1;
  }

  #skipLiteral(bytes: Buffer, at: number): number {
    let end = at;
    while (end < bytes.length && isLiteral(bytes[end] as number)) end += 1;
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

  /** Keeps at most `limit` bytes of a split token; what is cut off makes it longer than any that is looked for. */
  #hold(bytes: Buffer, limit: number): void {
    const held = this.#held;
    if (held === null) this.#held = Buffer.from(bytes.subarray(0, limit));
    else if (held.length < limit) this.#held = Buffer.concat([held, bytes.subarray(0, limit - held.length)]);
  }

  #refuse(error: 'INVALID_JSON' | 'INVALID_MODEL', reason: string): void {
    this.state = 'invalid';
    this.error = error;
    this.reason = reason;
    this.model = null;
  }

  #finish(): void {
    if (this.#mode === 'start')
      this.#refuse('INVALID_JSON', 'the body is empty. This path takes a JSON object');
    else this.state = this.model === null ? 'no-model' : 'done';
  }
}

function asBuffer(chunk: Uint8Array): Buffer {
  return Buffer.isBuffer(chunk) ? chunk : Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
}
