import { connect, type Socket } from 'node:net';
import { MessageReader, type MessageHead, type MessageSink } from '../wire/message-reader.ts';
import type { ExpectedAnswer } from './load-spec.ts';

/** What a connection tells the load that uses it. A connection does one exchange at a time. */
export interface ConnectionOwner {
  onFirstByte(connection: ClientConnection): void;
  onBodyBytes(connection: ClientConnection, count: number): void;
  /** `problem` is undefined for an answer that was whole and right. */
  onAnswer(connection: ClientConnection, problem: string | undefined): void;
}

/** All connections read into one buffer: the generator shares its core, and allocating costs more than parsing. */
const readBuffer = Buffer.allocUnsafe(64 * 1024);

/** One client connection; opens by itself when it sends and is not open. */
export class ClientConnection implements MessageSink {
  readonly #port: number;
  readonly #owner: ConnectionOwner;
  readonly #expected: ExpectedAnswer;
  readonly #expectedBody: Buffer | undefined;
  #socket: Socket | undefined;
  #reader = new MessageReader(this, 'response');
  #busy = false;
  #status = 0;
  #bodyRight = true;
  #closeAfterAnswer = false;
  /** Body bytes of the answer so far. */
  bodyBytes = 0;
  /** When the exchange began for the measurement (performance.now()); the load sets it. */
  startMs = 0;

  constructor(port: number, expected: ExpectedAnswer, owner: ConnectionOwner) {
    this.#port = port;
    this.#owner = owner;
    this.#expected = expected;
    this.#expectedBody = expected.body === undefined ? undefined : Buffer.from(expected.body);
  }

  send(request: Buffer): void {
    this.#busy = true;
    this.#status = 0;
    this.bodyBytes = 0;
    this.#bodyRight = true;
    this.#socket ??= this.#open();
    this.#socket.write(request);
  }

  /** Leaves at once, in the middle of an answer or not. */
  leave(): void {
    this.#busy = false;
    this.#drop();
  }

  onHead(head: MessageHead): void {
    this.#status = Number(head.startLine.slice(9, 12));
    this.#closeAfterAnswer = head.connectionClose;
  }

  onBody(bytes: Buffer, start: number, end: number): void {
    const at = this.bodyBytes;
    this.bodyBytes += end - start;
    const expected = this.#expectedBody;
    if (expected !== undefined) {
      this.#bodyRight &&=
        this.bodyBytes <= expected.length && bytes.compare(expected, at, this.bodyBytes, start, end) === 0;
    }
    if (at === 0) this.#owner.onFirstByte(this);
    if (this.#busy) this.#owner.onBodyBytes(this, end - start);
  }

  onEnd(): void {
    if (!this.#busy) return;
    this.#busy = false;
    if (this.#closeAfterAnswer) this.#drop();
    this.#owner.onAnswer(this, this.#problem());
  }

  #problem(): string | undefined {
    if (this.#status !== this.#expected.status) return `status ${this.#status}`;
    if (this.#expected.bodyBytes !== undefined && this.bodyBytes !== this.#expected.bodyBytes)
      return `a body of ${this.bodyBytes} bytes`;
    return this.#bodyRight ? undefined : 'other body bytes than the backend sent';
  }

  #open(): Socket {
    this.#reader = new MessageReader(this, 'response');
    const socket: Socket = connect({
      host: '127.0.0.1',
      port: this.#port,
      noDelay: true,
      onread: {
        buffer: readBuffer,
        callback: (count, buffer) => {
          if (this.#socket === socket) this.#receive(buffer as Buffer, count);
          return true;
        },
      },
    });
    socket.on('error', (error: NodeJS.ErrnoException) => this.#lost(socket, error.code ?? error.message));
    socket.on('end', () => this.#ended(socket));
    socket.on('close', () => this.#lost(socket, 'connection closed before the answer was whole'));
    return socket;
  }

  #receive(bytes: Buffer, count: number): void {
    try {
      this.#reader.push(bytes, count);
    } catch (error) {
      this.#fail(`malformed answer: ${error instanceof Error ? error.message : String(error)}`);
    }
  }

  #ended(socket: Socket): void {
    if (this.#socket !== socket) return;
    this.#reader.close();
    this.#lost(socket, 'connection closed before the answer was whole');
  }

  /** A connection that closes while nothing is asked is no error: the next exchange opens another. */
  #lost(socket: Socket, problem: string): void {
    if (this.#socket !== socket) return;
    if (this.#busy) this.#fail(problem);
    else this.#drop();
  }

  #fail(problem: string): void {
    this.#busy = false;
    this.#drop();
    this.#owner.onAnswer(this, problem);
  }

  #drop(): void {
    this.#socket?.destroy();
    this.#socket = undefined;
  }
}
