/** How far a scan has come. After anything but `need-more`, further chunks change nothing. */
export type ScanState =
  | 'need-more'
  /** The model is known, and what follows need not be read. */
  | 'done'
  /** The body is the client's fault: see `error`. */
  | 'invalid'
  /** The object ended, or stopped being JSON, without a `model`: the backend judges it. */
  | 'no-model';

/** What a body asks for. Offsets count bytes of the whole body. */
export interface BodyAsk {
  readonly state: ScanState;
  readonly model: string | null;
  /** First byte of the token that holds the model, and the one after its last; -1 while there is none. */
  readonly modelStart: number;
  readonly modelEnd: number;
  /** null: absent, no boolean, or not reached before the scan was over. */
  readonly stream: boolean | null;
  readonly error: 'INVALID_JSON' | 'INVALID_MODEL' | null;
  /** For the client, when there is an error. */
  readonly reason: string;
}

export interface ScanOptions {
  /**
   * Read on after the model, to the end of the object: finds a `stream` that comes later and a second `model`. For
   * bodies that are whole in memory; without it the scan is over when the model is known.
   */
  readonly untilEnd?: boolean;
}

/** Longest token that is taken for a model's name, in bytes of the body. */
export const MAX_MODEL_TOKEN_BYTES = 1_024;

// `stream` with each letter written as \u00XX; a longer key is neither of the two looked for.
const MAX_KEY_BYTES = 36;
/** Below this length of string a loop in JavaScript is faster than a call of the native search. */
const LOOP_BYTES = 48;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
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

type Key = 'model' | 'stream' | 'other';

/**
 * Finds the top-level `model` (and `stream`) of a JSON object that arrives in chunks. It reads structure only: keeps
 * no stack and none of the body but a token split over chunks, so that neither depth nor size of a body costs memory.
 */
export class JsonAskScanner implements BodyAsk {
  state: ScanState = 'need-more';
  model: string | null = null;
  modelStart = -1;
  modelEnd = -1;
  stream: boolean | null = null;
  error: 'INVALID_JSON' | 'INVALID_MODEL' | null = null;
  reason = '';

  readonly #untilEnd: boolean;
  #mode: Mode = 'start';
  #key: Key = 'other';
  #depth = 0;
  /** The last chunk ended in a string, on a backslash that escapes the byte to come. */
  #escapePending = false;
  /** Bytes of a key or model whose end has not come yet; null when there are none. */
  #held: Buffer | null = null;
  /** Bytes of all chunks before the present one. */
  #base = 0;

  constructor(options: ScanOptions = {}) {
    this.#untilEnd = options.untilEnd ?? false;
  }

  push(chunk: Uint8Array): ScanState {
    if (this.state !== 'need-more') return this.state;
    const bytes = asBuffer(chunk);
    let at = 0;
    while (at < bytes.length && this.state === 'need-more') at = this.#step(bytes, at);
    this.#base += bytes.length;
    return this.state;
  }

  /** The body is over. */
  end(): ScanState {
    if (this.state === 'need-more') this.#finish();
    return this.state;
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
    if (this.#key === 'model') return this.#modelValue(byte, at);
    if (byte === QUOTE) {
      this.#mode = 'string';
      return at + 1;
    }
    if ((byte | BRACKET_BIT) === OPEN_BRACE) {
      this.#mode = 'nested';
      this.#depth = 1;
      return at + 1;
    }
    if (this.#key === 'stream') this.stream = byte === 0x74 ? true : byte === 0x66 ? false : null;
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
    const end = this.#stringEnd(bytes, at);
    if (end < 0) {
      this.#hold(bytes.subarray(at), MAX_KEY_BYTES + 1);
      return bytes.length;
    }
    if (this.#held === null) this.#key = whichKey(bytes, at, end);
    else {
      this.#hold(bytes.subarray(at, end), MAX_KEY_BYTES + 1);
      this.#key = whichKey(this.#held, 0, this.#held.length);
      this.#held = null;
    }
    this.#mode = 'colon';
    return end + 1;
  }

  #readModel(bytes: Buffer, at: number): number {
    const end = this.#stringEnd(bytes, at);
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
    return end + 1;
  }

  #skipString(bytes: Buffer, at: number): number {
    const end = this.#stringEnd(bytes, at);
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
        const end = this.#stringEnd(bytes, at);
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
   * Index of the quote that ends the string which `from` is in, or -1 if it is not in this chunk. A quote ends the
   * string if the run of backslashes before it is even: looking back from quotes costs less than looking for
   * backslashes, and no byte is looked at more than twice.
   */
  #stringEnd(bytes: Buffer, from: number): number {
    let start = from;
    for (;;) {
      const quote = nextQuote(bytes, start);
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
    this.state = this.model === null ? 'no-model' : 'done';
  }
}

/** Scans a body that is whole in memory: a second `model` is found, and `stream` wherever it stands. */
export function scanJson(body: Uint8Array): JsonAskScanner {
  const scanner = new JsonAskScanner({ untilEnd: true });
  scanner.push(body);
  scanner.end();
  return scanner;
}

function nextQuote(bytes: Buffer, from: number): number {
  const length = bytes.length;
  const stop = from + LOOP_BYTES < length ? from + LOOP_BYTES : length;
  for (let at = from; at < stop; at += 1) if (bytes[at] === QUOTE) return at;
  return stop === length ? -1 : bytes.indexOf(QUOTE, stop);
}

function whichKey(bytes: Buffer, start: number, end: number): Key {
  const length = end - start;
  if (length > MAX_KEY_BYTES || length < 5) return 'other';
  for (let at = start; at < end; at += 1) {
    if (bytes[at] === BACKSLASH) {
      const key = decodeString(bytes.subarray(start, end));
      return key === 'model' || key === 'stream' ? key : 'other';
    }
  }
  if (length === 5) return spells(bytes, start, 'model') ? 'model' : 'other';
  return length === 6 && spells(bytes, start, 'stream') ? 'stream' : 'other';
}

function spells(bytes: Buffer, start: number, word: string): boolean {
  for (let at = 0; at < word.length; at += 1) if (bytes[start + at] !== word.charCodeAt(at)) return false;
  return true;
}

/** The text of a short string token without its quotes, or null if JSON does not allow it. */
function decodeString(token: Buffer): string | null {
  let plain = true;
  for (let at = 0; at < token.length; at += 1) {
    const byte = token[at] as number;
    if (byte < 0x20) return null;
    if (byte === BACKSLASH) plain = false;
  }
  const text = token.toString('utf8');
  if (plain) return text;
  try {
    const value: unknown = JSON.parse(`"${text}"`);
    return typeof value === 'string' ? value : null;
  } catch {
    // An escape that JSON does not have.
    return null;
  }
}

function isSpace(byte: number): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;
}

/** Bytes of numbers, `true`, `false` and `null`. */
function isLiteral(byte: number): boolean {
  return (byte >= 0x30 && byte <= 0x39) || ((byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x7a) || isSign(byte);
}

function isSign(byte: number): boolean {
  return byte === 0x2b || byte === 0x2d || byte === 0x2e;
}

function asBuffer(chunk: Uint8Array): Buffer {
  return Buffer.isBuffer(chunk) ? chunk : Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
}
