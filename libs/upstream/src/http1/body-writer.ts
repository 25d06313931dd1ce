import type { Socket } from 'node:net';
import type { Readable } from 'node:stream';

export interface BodyWriterEvents {
  /** Bytes went out, or were taken from the client. */
  progressed(): void;
  /** The body broke off, or is not as long as announced. */
  failed(error: Error): void;
}

/** Sends the body of a request as it comes, no faster than the server takes it. */
export class BodyWriter {
  finished = false;
  readonly #socket: Socket;
  readonly #source: Readable;
  readonly #length: number | null;
  readonly #events: BodyWriterEvents;
  #sent = 0;

  /** @param length announced to the server; null sends it in chunks */
  constructor(socket: Socket, source: Readable, length: number | null, events: BodyWriterEvents) {
    this.#socket = socket;
    this.#source = source;
    this.#length = length;
    this.#events = events;
    source.on('data', this.#onData);
    source.once('end', this.#onEnd);
    source.once('error', this.#onError);
    socket.on('drain', this.#onDrain);
  }

  stop(): void {
    this.#source.off('data', this.#onData);
    this.#source.off('end', this.#onEnd);
    this.#socket.off('drain', this.#onDrain);
    if (!this.finished) this.#source.pause();
  }

  readonly #onData = (chunk: Buffer): void => {
    this.#sent += chunk.length;
    this.#events.progressed();
    if (this.#length !== null && this.#sent > this.#length) {
      this.#events.failed(new RangeError('the body is longer than its Content-Length'));
      return;
    }
    if (this.#length === null) {
      if (chunk.length === 0) return;
      this.#socket.cork();
      this.#socket.write(`${chunk.length.toString(16)}\r\n`, 'latin1');
      this.#socket.write(chunk);
      const more = this.#socket.write('\r\n', 'latin1');
      this.#socket.uncork();
      if (!more) this.#source.pause();
    } else if (!this.#socket.write(chunk)) this.#source.pause();
  };

  readonly #onEnd = (): void => {
    if (this.#length !== null && this.#sent < this.#length) {
      this.#events.failed(new RangeError('the body is shorter than its Content-Length'));
      return;
    }
    this.finished = true;
    if (this.#length === null) this.#socket.write('0\r\n\r\n', 'latin1');
    this.#events.progressed();
  };

  readonly #onError = (error: Error): void => {
    if (!this.finished) this.#events.failed(error);
  };

  readonly #onDrain = (): void => {
    this.#events.progressed();
    this.#source.resume();
  };
}
