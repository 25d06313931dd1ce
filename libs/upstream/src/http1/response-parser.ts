import { bareLf, headTooLarge, MAX_HEAD_BYTES, notHttp, ResponseError } from './response-error.ts';
import { hasBareLf, parseHead, readFraming } from './response-head.ts';

/** Events of a parser, in this order: head, body…, end. */
export interface ResponseEvents {
  onHead(status: number, rawHeaders: string[]): void;
  /** @param bytes valid during the call only */
  onBody(bytes: Buffer): void;
  onEnd(): void;
}

/** A chunk's size line with its extensions, and a line of trailers. */
const MAX_LINE_BYTES = 8 * 1024;
const MAX_TRAILER_BYTES = 64 * 1024;

const HEAD_END = Buffer.from('\r\n\r\n');
const LF = 0x0a;
const CR = 0x0d;

const State = {
  head: 0,
  length: 1,
  chunkSize: 2,
  chunkData: 3,
  chunkEnd: 4,
  trailers: 5,
  close: 6,
  done: 7,
} as const;
type State = (typeof State)[keyof typeof State];

const EMPTY = Buffer.alloc(0);

/**
 * Reads the responses of one connection, one at a time, however their bytes are split (RFC 9112). It is strict: where
 * another parser could read a response differently, it throws an error that names the header.
 */
export class ResponseParser {
  /** The connection may carry another request after this response. */
  keepAlive = true;
  /** Seconds for which the server keeps an idle connection (`Keep-Alive: timeout`); null where it names none. */
  keepAliveS: number | null = null;
  readonly #events: ResponseEvents;
  #state: State = State.done;
  #method = 'GET';
  /** Bytes of a head or line whose end has not arrived yet. */
  #held: Buffer = EMPTY;
  #remaining = 0;
  #interimBytes = 0;
  #trailerBytes = 0;

  constructor(events: ResponseEvents) {
    this.#events = events;
  }

  /** Expects the response to a request that is sent now. */
  expect(method: string): void {
    this.#method = method;
    this.#state = State.head;
    this.#held = EMPTY;
    this.#interimBytes = 0;
    this.#trailerBytes = 0;
    this.keepAlive = true;
    this.keepAliveS = null;
  }

  /** Whether no response is expected or incomplete. */
  get idle(): boolean {
    return this.#state === State.done;
  }

  /**
   * Parses bytes in the order of their arrival.
   *
   * @throws ResponseError if they are not a valid response
   */
  push(bytes: Buffer): void {
    let at = 0;
    while (at < bytes.length) at = this.#step(bytes, at);
  }

  /**
   * The peer closed the connection.
   *
   * @returns whether the response is complete
   */
  finish(): boolean {
    if (this.#state === State.done) return true;
    if (this.#state !== State.close) return false;
    this.#end();
    return true;
  }

  #step(bytes: Buffer, at: number): number {
    switch (this.#state) {
      case State.head:
        return this.#readHead(bytes, at);
      case State.length:
      case State.chunkData:
        return this.#readCounted(bytes, at);
      case State.chunkSize:
      case State.chunkEnd:
      case State.trailers:
        return this.#readLine(bytes, at);
      case State.close:
        this.#events.onBody(at === 0 ? bytes : bytes.subarray(at));
        return bytes.length;
      case State.done:
        throw new ResponseError('HPE_UNEXPECTED_DATA', 'bytes came after the end of the response');
    }
  }

  #readHead(bytes: Buffer, at: number): number {
    const end = this.#held.length === 0 ? bytes.indexOf(HEAD_END, at) : -1;
    if (end >= 0) {
      if (end - at > MAX_HEAD_BYTES) throw headTooLarge();
      this.#takeHead(bytes.toString('latin1', at, end));
      return end + 4;
    }
    const before = this.#held.length;
    this.#held = Buffer.concat([this.#held, bytes.subarray(at)]);
    const found = this.#held.indexOf(HEAD_END, Math.max(0, before - 3));
    if (found < 0) {
      if (this.#held.length > MAX_HEAD_BYTES) throw headTooLarge();
      if (hasBareLf(this.#held, before)) throw bareLf();
      // Bytes that cannot become a head are refused at once, rather than when the sender falls silent.
      if (before < 5 && this.#held.length >= 5 && this.#held.toString('latin1', 0, 5) !== 'HTTP/')
        throw notHttp(this.#held.toString('latin1'));
      return bytes.length;
    }
    const head = this.#held.toString('latin1', 0, found);
    this.#held = EMPTY;
    this.#takeHead(head);
    return at + found + 4 - before;
  }

  #takeHead(head: string): void {
    const { status, minor, rawHeaders } = parseHead(head);
    if (status === 101)
      throw new ResponseError('HPE_INVALID_STATUS', 'the server switched protocols unasked');
    // An interim response is followed by the final one (RFC 9110 §15.2). A server must not send them without end.
    if (status < 200) {
      this.#interimBytes += head.length + HEAD_END.length;
      if (this.#interimBytes > MAX_HEAD_BYTES) throw headTooLarge();
      return;
    }
    const framing = readFraming(rawHeaders, minor);
    this.keepAlive = framing.keepAlive;
    this.keepAliveS = framing.keepAliveS;
    const bodiless = this.#method === 'HEAD' || status === 204 || status === 304;
    if (bodiless) this.#state = State.done;
    else if (framing.chunked) this.#state = State.chunkSize;
    else if (framing.length === null) {
      this.#state = State.close;
      this.keepAlive = false;
    } else {
      this.#remaining = framing.length;
      this.#state = framing.length === 0 ? State.done : State.length;
    }
    this.#events.onHead(status, rawHeaders);
    if (this.#state === State.done) this.#events.onEnd();
  }

  #readCounted(bytes: Buffer, at: number): number {
    const take = Math.min(this.#remaining, bytes.length - at);
    this.#remaining -= take;
    const whole = at === 0 && take === bytes.length;
    const isChunk = this.#state === State.chunkData;
    // The state changes before the event, because a listener may read it.
    if (this.#remaining === 0) this.#state = isChunk ? State.chunkEnd : State.done;
    this.#events.onBody(whole ? bytes : bytes.subarray(at, at + take));
    if (this.#remaining === 0 && !isChunk) this.#events.onEnd();
    return at + take;
  }

  #readLine(bytes: Buffer, at: number): number {
    const lf = bytes.indexOf(LF, at);
    if (lf < 0) {
      this.#held = Buffer.concat([this.#held, bytes.subarray(at)]);
      if (this.#held.length > MAX_LINE_BYTES)
        throw new ResponseError('HPE_INVALID_CHUNK_SIZE', 'a line has no end');
      return bytes.length;
    }
    let line: string;
    if (this.#held.length === 0) line = bytes.toString('latin1', at, lf);
    else {
      line = this.#held.toString('latin1') + bytes.toString('latin1', at, lf);
      this.#held = EMPTY;
    }
    if (line.length > MAX_LINE_BYTES || line.charCodeAt(line.length - 1) !== CR)
      throw new ResponseError('HPE_CR_EXPECTED', 'a line does not end in CRLF');
    this.#takeLine(line.slice(0, -1));
    return lf + 1;
  }

  #takeLine(line: string): void {
    if (this.#state === State.chunkEnd) {
      if (line !== '') throw new ResponseError('HPE_STRICT', 'a chunk is longer than its size says');
      this.#state = State.chunkSize;
    } else if (this.#state === State.trailers) {
      this.#trailerBytes += line.length;
      if (this.#trailerBytes > MAX_TRAILER_BYTES) throw headTooLarge();
      if (line === '') this.#end();
    } else {
      this.#remaining = parseChunkSize(line);
      this.#state = this.#remaining === 0 ? State.trailers : State.chunkData;
    }
  }

  #end(): void {
    this.#state = State.done;
    this.#events.onEnd();
  }
}

function parseChunkSize(line: string): number {
  const semicolon = line.indexOf(';');
  const digits = (semicolon < 0 ? line : line.slice(0, semicolon)).trimEnd();
  if (digits.length === 0 || digits.length > 12 || !/^[0-9a-fA-F]+$/.test(digits))
    throw new ResponseError('HPE_INVALID_CHUNK_SIZE', 'a chunk has no valid size');
  return Number.parseInt(digits, 16);
}
