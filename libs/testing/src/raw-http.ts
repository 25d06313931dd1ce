import { connect, type Socket } from 'node:net';
import { bodyOf, header, MessageReader, type HttpMessage } from './http-message.ts';

/** A response as received. */
export interface RawResponse extends HttpMessage {
  readonly status: number;
  /** The body received so far. */
  text(): string;
  /** The first header of that name, in any case. */
  header(name: string): string | undefined;
}

/** One connection on which a test writes exact bytes and reads exact responses, one after another. */
export interface RawConnection {
  readonly socket: Socket;
  /** True once the other side has ended or reset the connection. */
  readonly closed: boolean;
  write(bytes: string | Buffer): void;
  /** Waits for the head of the next response. With `method` HEAD no body follows it. */
  nextHead(method?: string, timeoutMs?: number): Promise<RawResponse>;
  /** Waits for the whole next response, or for the connection's end: see `complete`. */
  nextResponse(method?: string, timeoutMs?: number): Promise<RawResponse>;
  /** Closes the connection at once. */
  destroy(): void;
}

/** @param from local address, any of 127.0.0.0/8, for tests in which it matters */
export async function openConnection(port: number, from = '127.0.0.1'): Promise<RawConnection> {
  const socket = connect({ port, host: '127.0.0.1', localAddress: from, noDelay: true });
  await new Promise<void>((resolve, reject) => {
    socket.once('error', reject);
    socket.once('connect', resolve);
  });
  return new Connection(socket);
}

class Connection implements RawConnection {
  readonly socket: Socket;
  closed = false;
  #rest: Buffer = Buffer.alloc(0);
  #reader: MessageReader | null = null;
  /** Whether `nextResponse` has returned the reader's message. */
  #returned = true;
  /** Checks the awaited condition, after each event of the socket. */
  readonly #waiting = new Set<() => void>();

  constructor(socket: Socket) {
    this.socket = socket;
    socket.on('data', (bytes: Buffer) => {
      const behind = this.#reader === null ? bytes : this.#reader.feed(bytes);
      if (behind.length > 0) this.#rest = Buffer.concat([this.#rest, behind]);
      this.#look();
    });
    // A reset shows as an incomplete response.
    for (const event of ['error', 'end', 'close'])
      socket.on(event, () => {
        this.closed = true;
        this.#reader?.end();
        this.#look();
      });
  }

  write(bytes: string | Buffer): void {
    this.socket.write(bytes);
  }

  async nextHead(method = 'GET', timeoutMs = 15_000): Promise<RawResponse> {
    const reader = this.#current(method);
    await this.#until('the head of a response', timeoutMs, () => reader.message !== undefined);
    return asResponse(reader.message);
  }

  async nextResponse(method = 'GET', timeoutMs = 15_000): Promise<RawResponse> {
    const reader = this.#current(method);
    await this.#until('the end of a response', timeoutMs, () => reader.message?.complete === true);
    this.#returned = true;
    return asResponse(reader.message);
  }

  destroy(): void {
    this.socket.destroy();
  }

  #current(method: string): MessageReader {
    if (this.#reader !== null && !this.#returned) return this.#reader;
    const reader = new MessageReader(
      'response',
      (head) => method === 'HEAD' || /^HTTP\/1\.\d (1\d\d|204|304) /.test(`${head.startLine} `),
    );
    this.#rest = reader.feed(this.#rest);
    if (this.closed) reader.end();
    this.#reader = reader;
    this.#returned = false;
    return reader;
  }

  /** Resolves when the condition holds, or the connection has ended. */
  #until(describe: string, timeoutMs: number, condition: () => boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      const finish = (error?: Error): void => {
        clearTimeout(timer);
        this.#waiting.delete(look);
        if (error === undefined) resolve();
        else reject(error);
      };
      const look = (): void => {
        if (condition() || this.closed) finish();
      };
      const timer = setTimeout(() => finish(new Error(`waited ${timeoutMs} ms for ${describe}`)), timeoutMs);
      this.#waiting.add(look);
      look();
    });
  }

  #look(): void {
    for (const look of this.#waiting) look();
  }
}

/** Sends the exact bytes of one request on a new connection and reads the complete response. */
export async function sendRaw(
  port: number,
  bytes: string | Buffer,
  timeoutMs?: number,
  from?: string,
): Promise<RawResponse> {
  const connection = await openConnection(port, from);
  try {
    connection.write(bytes);
    const method = bytes.toString('latin1').split(' ', 1)[0];
    return await connection.nextResponse(method, timeoutMs);
  } finally {
    connection.destroy();
  }
}

function asResponse(message: HttpMessage | undefined): RawResponse {
  if (message === undefined) throw new Error('the connection ended without the head of a response');
  return Object.assign(message, {
    status: Number(message.startLine.split(' ')[1]),
    text: () => bodyOf(message).toString(),
    header: (name: string) => header(message, name),
  });
}
