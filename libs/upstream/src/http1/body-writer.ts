import type { Socket } from 'node:net';
import type { BodySink, BodySource } from '../upstream.ts';

export interface BodyWriterEvents {
  /** Bytes were sent, or read from the source. */
  progressed(): void;
  /** The body broke off, or its length is not the announced one. */
  failed(error: Error): void;
}

/** Sends a body as its source delivers it, and pauses the source while the server does not read. */
export class BodyWriter implements BodySink {
  finished = false;
  readonly #socket: Socket;
  readonly #source: BodySource;
  readonly #length: number | null;
  readonly #events: BodyWriterEvents;
  #sent = 0;

  /** @param length as announced to the server, in bytes; null to send it with the chunked coding */
  constructor(socket: Socket, source: BodySource, length: number | null, events: BodyWriterEvents) {
    this.#socket = socket;
    this.#source = source;
    this.#length = length;
    this.#events = events;
  }

  /** Call this once connected. Before that the body must stay unread, so that another attempt can send it. */
  start(): void {
    this.#socket.on('drain', this.#onDrain);
    this.#source.start(this);
  }

  stop(): void {
    this.#socket.off('drain', this.#onDrain);
    this.#source.stop();
  }

  data(chunk: Buffer): boolean {
    this.#sent += chunk.length;
    this.#events.progressed();
    if (this.#length !== null) {
      if (this.#sent <= this.#length) return this.#socket.write(chunk);
      this.#events.failed(new RangeError('the body is longer than its Content-Length'));
      return false;
    }
    if (chunk.length === 0) return true;
    this.#socket.cork();
    this.#socket.write(`${chunk.length.toString(16)}\r\n`, 'latin1');
    this.#socket.write(chunk);
    const more = this.#socket.write('\r\n', 'latin1');
    this.#socket.uncork();
    return more;
  }

  end(): void {
    if (this.#length !== null && this.#sent < this.#length) {
      this.#events.failed(new RangeError('the body is shorter than its Content-Length'));
      return;
    }
    this.finished = true;
    if (this.#length === null) this.#socket.write('0\r\n\r\n', 'latin1');
    this.#events.progressed();
  }

  fail(error: Error): void {
    this.#events.failed(error);
  }

  readonly #onDrain = (): void => {
    this.#events.progressed();
    this.#source.resume();
  };
}
