/** The parts of a head that generator and backend use. */
export interface MessageHead {
  /** The first line without its line end. */
  readonly startLine: string;
  /** Undefined with chunked framing, or without framing. */
  readonly contentLength: number | undefined;
  readonly chunked: boolean;
  readonly connectionClose: boolean;
}

/** Receives the parts of each message in this order. */
export interface MessageSink {
  onHead(head: MessageHead): void;
  /** `bytes` is only valid during the call. */
  onBody(bytes: Buffer, start: number, end: number): void;
  onEnd(): void;
}

export class MalformedMessage extends Error {
  readonly code = 'MALFORMED_MESSAGE';
}

const HEAD_END = Buffer.from('\r\n\r\n');
const MAX_HEAD_BYTES = 64 * 1024;
const CONTENT_LENGTH = /\r\ncontent-length:[ \t]*(\d+)/i;
const CHUNKED = /\r\ntransfer-encoding:[^\r]*chunked/i;
const CONNECTION_CLOSE = /\r\nconnection:[^\r]*close/i;
const CR = 13;
const LF = 10;

type State = 'head' | 'length' | 'chunk-size' | 'chunk-data' | 'chunk-end' | 'trailer' | 'until-close';

/**
 * Reads HTTP/1.1 requests or responses with little work, so that the generator does not limit the rate. It checks the
 * syntax only where a wrong message would change the figures: its peers are programs that the bench has started.
 */
export class MessageReader {
  readonly #sink: MessageSink;
  readonly #bodyWithoutFraming: boolean;
  #state: State = 'head';
  #partialHead: Buffer | undefined;
  #left = 0;
  #trailerLineBytes = 0;

  /** @param direction a head without framing means no body in a request, a body until EOF in a response (RFC 9112, 6.3). */
  constructor(sink: MessageSink, direction: 'request' | 'response') {
    this.#sink = sink;
    this.#bodyWithoutFraming = direction === 'response';
  }

  /** Reads `bytes` up to `end`; the caller may reuse the buffer afterwards. Throws MalformedMessage. */
  push(bytes: Buffer, end: number = bytes.length): void {
    let at = 0;
    while (at < end) at = this.#step(bytes, at, end);
  }

  /** Handles the peer's close. True when no message is incomplete. */
  close(): boolean {
    if (this.#state === 'until-close') {
      this.#finish();
      return true;
    }
    return this.#state === 'head' && this.#partialHead === undefined;
  }

  #step(bytes: Buffer, at: number, end: number): number {
    switch (this.#state) {
      case 'head':
        return this.#readHead(bytes, at, end);
      case 'length':
      case 'chunk-data':
        return this.#readCounted(bytes, at, end);
      case 'chunk-size':
        return this.#readChunkSize(bytes, at, end);
      case 'chunk-end':
        if (bytes[at] === LF) this.#state = 'chunk-size';
        return at + 1;
      case 'trailer':
        return this.#readTrailer(bytes, at, end);
      case 'until-close':
        this.#sink.onBody(bytes, at, end);
        return end;
    }
  }

  #readHead(bytes: Buffer, at: number, end: number): number {
    const partial = this.#partialHead;
    if (partial !== undefined) return this.#readSplitHead(partial, bytes, at, end);
    const headEnd = bytes.indexOf(HEAD_END, at);
    if (headEnd === -1 || headEnd + 4 > end) {
      this.#partialHead = Buffer.from(bytes.subarray(at, end));
      return end;
    }
    this.#begin(bytes.toString('latin1', at, headEnd));
    return headEnd + 4;
  }

  #readSplitHead(partial: Buffer, bytes: Buffer, at: number, end: number): number {
    const joined = Buffer.concat([partial, bytes.subarray(at, end)]);
    const headEnd = joined.indexOf(HEAD_END, Math.max(0, partial.length - 3));
    if (headEnd === -1) {
      if (joined.length > MAX_HEAD_BYTES) throw new MalformedMessage('the head is larger than 64 KiB');
      this.#partialHead = joined;
      return end;
    }
    this.#partialHead = undefined;
    this.#begin(joined.toString('latin1', 0, headEnd));
    return at + headEnd + 4 - partial.length;
  }

  #begin(text: string): void {
    const head = parseHead(text);
    if (this.#bodyWithoutFraming && text.startsWith('HTTP/1.1 100')) return;
    this.#sink.onHead(head);
    if (head.chunked) {
      this.#left = 0;
      this.#state = 'chunk-size';
    } else if (head.contentLength !== undefined && head.contentLength > 0) {
      this.#left = head.contentLength;
      this.#state = 'length';
    } else if (head.contentLength === undefined && this.#bodyWithoutFraming) {
      this.#state = 'until-close';
    } else {
      this.#finish();
    }
  }

  #readCounted(bytes: Buffer, at: number, end: number): number {
    const until = Math.min(end, at + this.#left);
    this.#left -= until - at;
    this.#sink.onBody(bytes, at, until);
    if (this.#left === 0) {
      if (this.#state === 'length') this.#finish();
      else this.#state = 'chunk-end';
    }
    return until;
  }

  #readChunkSize(bytes: Buffer, from: number, end: number): number {
    for (let at = from; at < end; at += 1) {
      const byte = bytes[at]!;
      if (byte === LF) {
        this.#state = this.#left === 0 ? 'trailer' : 'chunk-data';
        this.#trailerLineBytes = 0;
        return at + 1;
      }
      if (byte === CR) continue;
      const digit = hexDigit(byte);
      if (digit === -1) throw new MalformedMessage(`byte ${byte} is not allowed in a chunk size`);
      this.#left = this.#left * 16 + digit;
    }
    return end;
  }

  #readTrailer(bytes: Buffer, from: number, end: number): number {
    for (let at = from; at < end; at += 1) {
      if (bytes[at] === LF) {
        if (this.#trailerLineBytes === 0) {
          this.#finish();
          return at + 1;
        }
        this.#trailerLineBytes = 0;
      } else if (bytes[at] !== CR) this.#trailerLineBytes += 1;
    }
    return end;
  }

  #finish(): void {
    this.#state = 'head';
    this.#sink.onEnd();
  }
}

function parseHead(text: string): MessageHead {
  const lineEnd = text.indexOf('\r\n');
  const length = CONTENT_LENGTH.exec(text)?.[1];
  return {
    startLine: lineEnd === -1 ? text : text.slice(0, lineEnd),
    contentLength: length === undefined ? undefined : Number(length),
    chunked: length === undefined && CHUNKED.test(text),
    connectionClose: CONNECTION_CLOSE.test(text),
  };
}

function hexDigit(byte: number): number {
  if (byte >= 48 && byte <= 57) return byte - 48;
  const lower = byte | 32;
  return lower >= 97 && lower <= 102 ? lower - 87 : -1;
}
