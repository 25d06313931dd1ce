import { MAX_MODEL_TOKEN_BYTES, type BodyFields, type ScanOptions, type ScanState } from './body-fields.ts';

/** Most bytes that the headers of one part may have; a part with more counts as one without a name. */
const MAX_PART_HEADER_BYTES = 8_192;
/** RFC 2046 §5.1.1 allows 70; some clients take more. */
const MAX_BOUNDARY_BYTES = 200;

const LINE_END = Buffer.from('\r\n');
const HEADERS_END = Buffer.from('\r\n\r\n');

type Mode = 'skip' | 'after-delimiter' | 'headers' | 'model';

/**
 * Finds the field `model` of a multipart/form-data body that arrives in chunks. Files are skipped by
 * the native search for the boundary; the headers of one part or one short value are the most that is kept.
 */
export class MultipartBodyScanner implements BodyFields {
  state: ScanState = 'need-more';
  model: string | null = null;
  modelStart = -1;
  modelEnd = -1;
  error: 'INVALID_JSON' | 'INVALID_MODEL' | null = null;
  reason = '';

  readonly #untilEnd: boolean;
  /** CRLF, two hyphens and the boundary. */
  readonly #delimiter: Buffer;
  #mode: Mode = 'skip';
  /**
   * What has come and could not be judged yet. The first delimiter has no line before it: the scan starts as if one
   * had just ended.
   */
  #pending: Buffer = LINE_END;
  /** Offset in the body of the first byte of `#pending`. */
  #offset = -LINE_END.length;

  /** @param boundary as `boundaryOf` finds it */
  constructor(boundary: string, options: ScanOptions = {}) {
    this.#untilEnd = options.untilEnd ?? false;
    this.#delimiter = Buffer.from(`\r\n--${boundary}`, 'latin1');
  }

  /** The boundary of a form by the request's Content-Type; null if it is no form, or has no usable boundary. */
  static boundaryOf(contentType: string): string | null {
    if (contentType.slice(0, 19).toLowerCase() !== 'multipart/form-data') return null;
    const boundary = parameter(contentType, 'boundary');
    return boundary === null || boundary === '' || boundary.length > MAX_BOUNDARY_BYTES ? null : boundary;
  }

  push(chunk: Uint8Array): ScanState {
    if (this.state !== 'need-more') return this.state;
    const bytes = Buffer.concat([this.#pending, chunk]);
    let at = 0;
    for (;;) {
      const next = this.#step(bytes, at);
      if (next < 0 || this.state !== 'need-more') break;
      at = next;
    }
    // Of what is skipped, only a piece of a delimiter can matter.
    const keep = this.#mode === 'skip' ? Math.max(at, bytes.length - this.#delimiter.length + 1) : at;
    this.#pending = Buffer.from(bytes.subarray(keep));
    this.#offset += keep;
    return this.state;
  }

  /** The body is over. */
  end(): ScanState {
    if (this.state === 'need-more') this.#finish();
    return this.state;
  }

  /** Where the next step starts, or -1 if it takes more bytes than there are. */
  #step(bytes: Buffer, at: number): number {
    switch (this.#mode) {
      case 'skip': {
        const found = bytes.indexOf(this.#delimiter, at);
        if (found < 0) return -1;
        this.#mode = 'after-delimiter';
        return found + this.#delimiter.length;
      }
      case 'after-delimiter':
        return this.#afterDelimiter(bytes, at);
      case 'headers':
        return this.#headers(bytes, at);
      case 'model':
        return this.#value(bytes, at);
    }
  }

  #afterDelimiter(bytes: Buffer, at: number): number {
    if (bytes.length - at < 2) return -1;
    if (bytes[at] === 0x2d && bytes[at + 1] === 0x2d) this.#finish();
    this.#mode = 'headers';
    return at;
  }

  #headers(bytes: Buffer, at: number): number {
    const end = bytes.indexOf(HEADERS_END, at);
    if (end < 0 || end - at > MAX_PART_HEADER_BYTES) {
      if (end < 0 && bytes.length - at <= MAX_PART_HEADER_BYTES + HEADERS_END.length) return -1;
      this.#mode = 'skip';
      return at;
    }
    const name = fieldName(bytes.toString('latin1', at, end));
    if (name === 'model' && this.model !== null) this.#refuse('`model` stands in the form twice');
    this.#mode = name === 'model' ? 'model' : 'skip';
    // An empty part: its delimiter begins with the line end of the headers.
    return this.#mode === 'skip' ? end + LINE_END.length : end + HEADERS_END.length;
  }

  #value(bytes: Buffer, at: number): number {
    const end = bytes.indexOf(this.#delimiter, at);
    // Without an end in sight, the last bytes may be a piece of the delimiter.
    const length = end < 0 ? bytes.length - at - this.#delimiter.length : end - at;
    if (length > MAX_MODEL_TOKEN_BYTES) {
      this.#refuse(`\`model\` is longer than ${String(MAX_MODEL_TOKEN_BYTES)} bytes`);
      this.#mode = 'skip';
      return at;
    }
    if (end < 0) return -1;
    const text = bytes.toString('utf8', at, end);
    this.#setModel(text, this.#offset + at, this.#offset + end);
    this.#mode = 'skip';
    return end;
  }

  #setModel(text: string, start: number, end: number): void {
    for (let at = 0; at < text.length; at += 1) {
      if (text.charCodeAt(at) < 0x20) {
        this.#refuse('`model` holds control characters');
        return;
      }
    }
    this.model = text;
    this.modelStart = start;
    this.modelEnd = end;
    if (!this.#untilEnd) this.state = 'done';
  }

  #refuse(reason: string): void {
    this.state = 'invalid';
    this.error = 'INVALID_MODEL';
    this.reason = reason;
    this.model = null;
  }

  #finish(): void {
    this.state = this.model === null ? 'no-model' : 'done';
  }
}

/** `name` of a part's Content-Disposition, or null. */
function fieldName(headers: string): string | null {
  for (const line of headers.split('\r\n')) {
    const colon = line.indexOf(':');
    if (colon > 0 && line.slice(0, colon).trim().toLowerCase() === 'content-disposition') {
      return parameter(line.slice(colon + 1), 'name');
    }
  }
  return null;
}

/** A parameter of a header value such as `form-data; name="model"`: quoted or not, null if it is not there. */
function parameter(value: string, wanted: string): string | null {
  let at = value.indexOf(';');
  while (at >= 0) {
    const equals = value.indexOf('=', at + 1);
    if (equals < 0) return null;
    const name = value
      .slice(at + 1, equals)
      .trim()
      .toLowerCase();
    const [text, end] = parameterValue(value, equals + 1);
    if (name === wanted) return text;
    at = value.indexOf(';', end);
  }
  return null;
}

function parameterValue(value: string, from: number): [text: string, end: number] {
  let at = from;
  while (value[at] === ' ' || value[at] === '\t') at += 1;
  if (value[at] !== '"') {
    const end = value.indexOf(';', at);
    const stop = end < 0 ? value.length : end;
    return [value.slice(at, stop).trim(), stop];
  }
  let text = '';
  for (at += 1; at < value.length && value[at] !== '"'; at += 1) {
    // In Content-Disposition a backslash quotes the quote only: old browsers send paths with bare backslashes.
    if (value[at] === '\\' && value[at + 1] === '"') at += 1;
    text += value[at] ?? '';
  }
  return [text, at + 1];
}
