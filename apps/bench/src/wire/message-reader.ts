/** The few facts of a head that generator and backend act on. */
export interface MessageHead {
  /** The first line without its line end. */
  readonly startLine: string;
  /** Declared length; undefined with chunked framing or without any. */
  readonly contentLength: number | undefined;
  readonly chunked: boolean;
  readonly connectionClose: boolean;
}

/** What a reader tells its owner, in this order for each message. */
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
const LARGEST_HEAD_BYTES = 64 * 1024;
const CONTENT_LENGTH = /\r\ncontent-length:[ \t]*(\d+)/i;
const CHUNKED = /\r\ntransfer-encoding:[^\r]*chunked/i;
const CONNECTION_CLOSE = /\r\nconnection:[^\r]*close/i;
const CR = 13;
const LF = 10;

type State = 'head' | 'length' | 'chunk-size' | 'chunk-data' | 'chunk-end' | 'trailer' | 'until-close';

/**
 * Reads HTTP/1.1 messages of either direction with as little work as correctness of the figures allows: it trusts
 * its peer's syntax, because it only ever talks to programs that the bench itself started on loopback.
 */
export class MessageReader {
  readonly #sink: MessageSink;
  readonly #bodyWithoutFraming: boolean;
  #state: State = 'head';
  #kept: Buffer | undefined;
  #left = 0;
  #trailerLineBytes = 0;

  /** @param direction decides what a head without framing means: no body (request) or a body until EOF (response). */
  constructor(sink: MessageSink, direction: 'request' | 'response') {
    this.#sink = sink;
    this.#bodyWithoutFraming = direction === 'response';
  }

  /** Throws MalformedMessage. `bytes` may be reused by the caller afterwards. */
  push(bytes: Buffer, end: number = bytes.length): void {
    let at = 0;
    while (at < end) at = this.#step(bytes, at, end);
  }

  /** Tells that the peer closed. True when that was at the end of a message, or ended one. */
  close(): boolean {
    if (this.#state === 'until-close') {
      this.#finish();
      return true;
    }
    return this.#state === 'head' && this.#kept === undefined;
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
    const kept = this.#kept;
    if (kept !== undefined) return this.#readSplitHead(kept, bytes, at, end);
    const headEnd = bytes.indexOf(HEAD_END, at);
    if (headEnd === -1 || headEnd + 4 > end) {
      this.#kept = Buffer.from(bytes.subarray(at, end));
      return end;
    }
    this.#begin(bytes.toString('latin1', at, headEnd));
    return headEnd + 4;
  }

  #readSplitHead(kept: Buffer, bytes: Buffer, at: number, end: number): number {
    const joined = Buffer.concat([kept, bytes.subarray(at, end)]);
    const headEnd = joined.indexOf(HEAD_END, Math.max(0, kept.length - 3));
    if (headEnd === -1) {
      if (joined.length > LARGEST_HEAD_BYTES) throw new MalformedMessage('a head of more than 64 KiB');
      this.#kept = joined;
      return end;
    }
    this.#kept = undefined;
    this.#begin(joined.toString('latin1', 0, headEnd));
    return at + headEnd + 4 - kept.length;
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
      if (digit === -1) throw new MalformedMessage(`byte ${byte} in a chunk size`);
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
