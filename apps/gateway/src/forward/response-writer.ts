import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

const CR = 0x0d;
const LF = 0x0a;

/**
 * Writes the body of a response whose head is decided. It frames a chunked body itself and passes it to the socket,
 * with one buffer for each chunk and one system call for all that arrived together. node:http would make four buffers
 * of each and wait for the next tick. All other bodies go through node:http.
 */
export class ResponseWriter {
  readonly #response: ServerResponse;
  /** The connection if this framing is used; null for other bodies, and for a response that waits for its turn. */
  readonly #socket: Socket | null;
  readonly #onDrain: () => void;
  #headOut = false;
  #corked = false;
  #waiting = false;

  /** @param onDrain the client has read the data, after `data` had returned false */
  constructor(response: ServerResponse, chunked: boolean, onDrain: () => void) {
    this.#response = response;
    this.#socket = chunked ? response.socket : null;
    this.#onDrain = onDrain;
  }

  /**
   * @param bytes valid only during the call
   * @param bytes valid during the call only
   * @returns false if the sender should wait for the client
   */
  data(bytes: Buffer): boolean {
    if (this.#send(bytes)) return true;
    if (!this.#waiting) {
      this.#waiting = true;
      (this.#socket ?? this.#response).on('drain', this.#onDrain);
    }
    return false;
  }

  /** No more data arrives for now: sends all that is buffered, even a head alone. */
  quiet(): void {
    if (!this.#headOut) {
      this.#cork();
      this.#sendHead();
    }
    if (this.#corked) this.#socket?.uncork();
    this.#corked = false;
  }

  /** @param trailer one pair, for a chunked body */
  end(trailer: readonly [string, string] | null): void {
    this.release();
    if (trailer !== null) this.#response.addTrailers([[trailer[0], trailer[1]]]);
    this.#response.end();
  }

  /** From here on the connection belongs to the next response. */
  release(): void {
    if (this.#waiting) (this.#socket ?? this.#response).off('drain', this.#onDrain);
    this.#waiting = false;
  }

  #send(bytes: Buffer): boolean {
    if (this.#socket === null) {
      this.#headOut = true;
      return this.#response.write(Buffer.from(bytes));
    }
    this.#cork();
    if (!this.#headOut) this.#sendHead();
    return this.#socket.write(frameChunk(bytes));
  }

  #cork(): void {
    if (this.#corked) return;
    this.#corked = true;
    this.#socket?.cork();
  }

  /** Not by `flushHeaders`, which writes UTF-8: the bytes of a header would change, because they are read as Latin-1. */
  #sendHead(): void {
    this.#headOut = true;
    if (!this.#response.destroyed) this.#response.write('', 'latin1');
  }
}

/** RFC 9112 §7.1: size in hexadecimal, CRLF, data, CRLF. */
function frameChunk(bytes: Buffer): Buffer {
  const size = bytes.length.toString(16);
  const frame = Buffer.allocUnsafe(size.length + bytes.length + 4);
  let at = 0;
  for (; at < size.length; at += 1) frame[at] = size.charCodeAt(at);
  frame[at] = CR;
  frame[at + 1] = LF;
  bytes.copy(frame, at + 2);
  at += 2 + bytes.length;
  frame[at] = CR;
  frame[at + 1] = LF;
  return frame;
}
