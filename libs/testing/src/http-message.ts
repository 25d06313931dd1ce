/** One received piece of a body: a chunk of the chunked transfer coding, else the bytes of one read. */
export interface Piece {
  readonly data: Buffer;
  /** Time at which its last byte had arrived, by performance.now(). */
  readonly atMs: number;
}

/** An HTTP/1.1 message as received, without any normalisation. */
export interface HttpMessage {
  /** Request or status line. */
  readonly startLine: string;
  /** Names and values as received, in order. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** The bytes up to and including the empty line. */
  readonly rawHead: string;
  readonly headAtMs: number;
  readonly pieces: Piece[];
  readonly trailers: [name: string, value: string][];
  /** Whether its body has ended as HTTP requires. */
  complete: boolean;
}

export function header(message: HttpMessage, name: string): string | undefined {
  return message.headers.find(([key]) => key.toLowerCase() === name.toLowerCase())?.[1];
}

export function bodyOf(message: HttpMessage): Buffer {
  return Buffer.concat(message.pieces.map(({ data }) => data));
}

/** The part of a message that comes next. */
type Part = 'head' | 'counted body' | 'chunk size' | 'chunk' | 'trailers' | 'body until the end' | 'nothing';

/** Reads one message from the bytes of a connection. */
export class MessageReader {
  /** The message, from the end of its head on. */
  message: HttpMessage | undefined;
  readonly #kind: 'request' | 'response';
  readonly #isBodiless: (head: HttpMessage) => boolean;
  #pending: Buffer = Buffer.alloc(0);
  #next: Part = 'head';
  /** Bytes of the body or the chunk that have not arrived yet. */
  #left = 0;

  /**
   * @param isBodiless whether no body follows this head, whatever its headers: the response to HEAD, 204, 304. A
   *   request without a length never has one.
   */
  constructor(kind: 'request' | 'response', isBodiless = (_head: HttpMessage): boolean => false) {
    this.#kind = kind;
    this.#isBodiless = isBodiless;
  }

  /** @returns the bytes after the end of the message */
  feed(bytes: Buffer): Buffer {
    this.#pending = Buffer.concat([this.#pending, bytes]);
    while (this.#step());
    return this.#next === 'nothing' ? this.#take(this.#pending.length) : Buffer.alloc(0);
  }

  /** The connection has ended, which is also the end of a body without any length. */
  end(): void {
    if (this.#next === 'body until the end') this.#finish();
  }

  /** @returns false when more bytes are needed */
  #step(): boolean {
    switch (this.#next) {
      case 'head':
        return this.#readHead();
      case 'counted body':
        return this.#readBody(Math.min(this.#left, this.#pending.length));
      case 'body until the end':
        return this.#readBody(this.#pending.length);
      case 'chunk':
        return this.#readChunk();
      case 'chunk size':
      case 'trailers':
        return this.#readLine();
      case 'nothing':
        return false;
    }
  }

  #readHead(): boolean {
    const end = this.#pending.indexOf('\r\n\r\n');
    if (end === -1) return false;
    const head = parseHead(this.#take(end + 4).toString('latin1'));
    this.message = head;
    const length = header(head, 'content-length');
    if (this.#isBodiless(head)) this.#finish();
    else if (header(head, 'transfer-encoding')?.toLowerCase() === 'chunked') this.#next = 'chunk size';
    else if (length !== undefined) {
      this.#left = Number(length);
      this.#next = 'counted body';
      if (this.#left === 0) this.#finish();
    } else if (this.#kind === 'request') this.#finish();
    else this.#next = 'body until the end';
    return true;
  }

  #readBody(count: number): boolean {
    if (count === 0) return false;
    this.#addPiece(this.#take(count));
    if (this.#next === 'counted body' && (this.#left -= count) === 0) this.#finish();
    return true;
  }

  #readChunk(): boolean {
    if (this.#pending.length < this.#left + 2) return false;
    this.#addPiece(this.#take(this.#left));
    this.#take(2);
    this.#next = 'chunk size';
    return true;
  }

  #readLine(): boolean {
    const end = this.#pending.indexOf('\r\n');
    if (end === -1) return false;
    const line = this.#take(end + 2)
      .toString('latin1')
      .slice(0, -2);
    if (this.#next === 'chunk size') {
      this.#left = Number.parseInt(line, 16);
      this.#next = this.#left === 0 ? 'trailers' : 'chunk';
    } else if (line === '') this.#finish();
    else this.message?.trailers.push(splitHeader(line));
    return true;
  }

  #addPiece(data: Buffer): void {
    this.message?.pieces.push({ data, atMs: performance.now() });
  }

  #finish(): void {
    this.#next = 'nothing';
    if (this.message !== undefined) this.message.complete = true;
  }

  #take(count: number): Buffer {
    const taken = this.#pending.subarray(0, count);
    this.#pending = this.#pending.subarray(count);
    return taken;
  }
}

function parseHead(rawHead: string): HttpMessage {
  const [startLine = '', ...lines] = rawHead.slice(0, -4).split('\r\n');
  return {
    startLine,
    headers: lines.map(splitHeader),
    rawHead,
    headAtMs: performance.now(),
    pieces: [],
    trailers: [],
    complete: false,
  };
}

function splitHeader(text: string): [name: string, value: string] {
  const colon = text.indexOf(':');
  return [text.slice(0, colon), text.slice(colon + 1).trim()];
}
