import { FoundFields, MAX_MODEL_TOKEN_BYTES, type ScanState } from './body-fields.ts';
import { headerParameter, partHeaders } from './part-headers.ts';

/** Maximum bytes of the headers of one part; a part with more counts as one without a name. */
const MAX_PART_HEADER_BYTES = 8_192;
/** RFC 2046 §5.1.1 allows 70; some clients take more. */
const MAX_BOUNDARY_BYTES = 200;

/** A line with more spaces behind it is not a delimiter. */
const MAX_PADDING_BYTES = 256;
const CONTROL = /[\0-\x1f]/;

const LINE_END = Buffer.from('\r\n');
const HEADERS_END = Buffer.from('\r\n\r\n');

type Mode = 'skip' | 'after-delimiter' | 'headers' | 'model';

/**
 * Finds the field `model` of a multipart/form-data body that arrives in chunks, up to the end of the form. Files are
 * skipped by the native search for the boundary. At most the headers of one part or one short value are kept.
 */
export class MultipartBodyScanner extends FoundFields {
  /** CRLF, two hyphens and the boundary. */
  readonly #delimiter: Buffer;
  #mode: Mode = 'skip';
  /**
   * Bytes that could not be processed yet. The first delimiter has no line before it, so the scan starts as if a line
   * had just ended.
   */
  #pending: Buffer = LINE_END;
  /** Offset in the body of the first byte of `#pending`. */
  #offset = -LINE_END.length;

  /** @param boundary as `boundaryOf` returns it */
  constructor(boundary: string) {
    super();
    this.#delimiter = Buffer.from(`\r\n--${boundary}`, 'latin1');
  }

  /** The boundary of a form by the request's Content-Type; null if it is no form, or has no usable boundary. */
  static boundaryOf(contentType: string): string | null {
    if (contentType.slice(0, 19).toLowerCase() !== 'multipart/form-data') return null;
    const boundary = headerParameter(contentType, 'boundary');
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
    // Of skipped bytes, only a piece of a delimiter can matter.
    const keep = this.#mode === 'skip' ? Math.max(at, bytes.length - this.#delimiter.length + 1) : at;
    this.#pending = Buffer.from(bytes.subarray(keep));
    this.#offset += keep;
    return this.state;
  }

  end(): ScanState {
    if (this.state === 'need-more') this.finish(true);
    return this.state;
  }

  /** Where the next step starts, or -1 if more bytes are needed. */
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
    let next = at;
    // RFC 2046 §5.1.1: a delimiter may be followed by spaces.
    while (bytes[next] === 0x20 || bytes[next] === 0x09) next += 1;
    if (bytes.length - next < 2) return next - at > MAX_PADDING_BYTES ? this.#break(at) : -1;
    if (bytes[at] === 0x2d && bytes[at + 1] === 0x2d) this.finish(false);
    // Servers disagree on other bytes there, such as a line that ends in LF alone.
    else if (bytes[next] !== 0x0d || bytes[next + 1] !== 0x0a) return this.#break(at);
    this.#mode = 'headers';
    this.hasFields = true;
    return next;
  }

  #break(at: number): number {
    this.finish(true);
    return at;
  }

  #headers(bytes: Buffer, at: number): number {
    const end = bytes.indexOf(HEADERS_END, at);
    if (end < 0 || end - at > MAX_PART_HEADER_BYTES) {
      if (end < 0 && bytes.length - at <= MAX_PART_HEADER_BYTES + HEADERS_END.length) return -1;
      this.isBroken = true;
      this.#mode = 'skip';
      return at;
    }
    const { names, isEncoded } = partHeaders(bytes.toString('latin1', at, end));
    const isModel = names.includes('model');
    if (isModel && isEncoded)
      this.refuse('INVALID_MODEL', 'the part `model` has a Content-Transfer-Encoding');
    this.#mode = isModel ? 'model' : 'skip';
    // If a part is empty, its delimiter begins with the line end of the headers.
    return isModel ? end + HEADERS_END.length : end + LINE_END.length;
  }

  #value(bytes: Buffer, at: number): number {
    const end = bytes.indexOf(this.#delimiter, at);
    // While the end is not found, the last bytes may be a piece of the delimiter.
    const length = end < 0 ? bytes.length - at - this.#delimiter.length : end - at;
    if (length > MAX_MODEL_TOKEN_BYTES) {
      this.refuse('INVALID_MODEL', `\`model\` is longer than ${String(MAX_MODEL_TOKEN_BYTES)} bytes`);
      this.#mode = 'skip';
      return at;
    }
    if (end < 0) return -1;
    const text = bytes.toString('utf8', at, end);
    // A delimiter right behind the headers ends the part for some servers and is its value for others.
    if (text.startsWith('--')) return this.#break(at);
    if (CONTROL.test(text)) this.refuse('INVALID_MODEL', '`model` holds control characters');
    else this.add({ model: text, isExact: true, start: this.#offset + at, end: this.#offset + end });
    this.#mode = 'skip';
    return end;
  }
}
