import { connect, type Socket } from 'node:net';
import { MessageReader, type MessageHead, type MessageSink } from '../wire/message-reader.ts';
import type { ExpectedResponse } from './load-spec.ts';

/** Receives the events of a connection, which sends one request at a time. */
export interface ConnectionOwner {
  onFirstByte(connection: ClientConnection): void;
  onBodyBytes(connection: ClientConnection, count: number): void;
  /** `problem` is undefined for a response that was complete and as expected. */
  onResponse(connection: ClientConnection, problem: string | undefined): void;
}

/** All connections read into one buffer, because allocating costs more than parsing and the generator shares a core. */
const readBuffer = Buffer.allocUnsafe(64 * 1024);

/** One client connection. It opens when it sends a request and is not open. */
export class ClientConnection implements MessageSink {
  readonly #port: number;
  readonly #owner: ConnectionOwner;
  readonly #expected: ExpectedResponse;
  readonly #expectedBody: Buffer | undefined;
  #socket: Socket | undefined;
  #reader = new MessageReader(this, 'response');
  #busy = false;
  #status = 0;
  #bodyMatches = true;
  #closeAfterResponse = false;
  /** Body bytes of the response so far. */
  bodyBytes = 0;
  /** When the request was sent or due, on the clock of performance.now(). The load sets it. */
  startMs = 0;

  constructor(port: number, expected: ExpectedResponse, owner: ConnectionOwner) {
    this.#port = port;
    this.#owner = owner;
    this.#expected = expected;
    this.#expectedBody = expected.body === undefined ? undefined : Buffer.from(expected.body);
  }

  send(request: Buffer): void {
    this.#busy = true;
    this.#status = 0;
    this.bodyBytes = 0;
    this.#bodyMatches = true;
    this.#socket ??= this.#open();
    this.#socket.write(request);
  }

  /** Closes the connection at once, in the middle of a response or not. */
  abort(): void {
    this.#busy = false;
    this.#close();
  }

  onHead(head: MessageHead): void {
    this.#status = Number(head.startLine.slice(9, 12));
    this.#closeAfterResponse = head.connectionClose;
  }

  onBody(bytes: Buffer, start: number, end: number): void {
    const at = this.bodyBytes;
    this.bodyBytes += end - start;
    const expected = this.#expectedBody;
    if (expected !== undefined) {
      this.#bodyMatches &&=
        this.bodyBytes <= expected.length && bytes.compare(expected, at, this.bodyBytes, start, end) === 0;
    }
    if (at === 0) this.#owner.onFirstByte(this);
    if (this.#busy) this.#owner.onBodyBytes(this, end - start);
  }

  onEnd(): void {
    if (!this.#busy) return;
    this.#busy = false;
    if (this.#closeAfterResponse) this.#close();
    this.#owner.onResponse(this, this.#problem());
  }

  #problem(): string | undefined {
    if (this.#status !== this.#expected.status) return `status ${this.#status}`;
    if (this.#expected.bodyBytes !== undefined && this.bodyBytes !== this.#expected.bodyBytes)
      return `a body of ${this.bodyBytes} bytes`;
    return this.#bodyMatches ? undefined : 'other body bytes than the backend sent';
  }

  #open(): Socket {
    this.#reader = new MessageReader(this, 'response');
    const socket: Socket = connect({
      host: '127.0.0.1',
      port: this.#port,
      noDelay: true,
      onread: {
        buffer: readBuffer,
        callback: (count) => {
          if (this.#socket === socket) this.#receive(readBuffer, count);
          return true;
        },
      },
    });
    socket.on('error', (error: NodeJS.ErrnoException) =>
      this.#onSocketClosed(socket, error.code ?? error.message),
    );
    socket.on('end', () => this.#onSocketEnd(socket));
    socket.on('close', () =>
      this.#onSocketClosed(socket, 'connection closed before the response was complete'),
    );
    return socket;
  }

  #receive(bytes: Buffer, count: number): void {
    try {
      this.#reader.push(bytes, count);
    } catch (error) {
      this.#fail(`malformed response: ${error instanceof Error ? error.message : String(error)}`);
    }
  }

  #onSocketEnd(socket: Socket): void {
    if (this.#socket !== socket) return;
    this.#reader.close();
    this.#onSocketClosed(socket, 'connection closed before the response was complete');
  }

  /** A close while no request is open is not an error: the next request opens another connection. */
  #onSocketClosed(socket: Socket, problem: string): void {
    if (this.#socket !== socket) return;
    if (this.#busy) this.#fail(problem);
    else this.#close();
  }

  #fail(problem: string): void {
    this.#busy = false;
    this.#close();
    this.#owner.onResponse(this, problem);
  }

  #close(): void {
    this.#socket?.destroy();
    this.#socket = undefined;
  }
}
