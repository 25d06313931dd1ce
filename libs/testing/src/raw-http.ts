import { connect, type Socket } from 'node:net';
import { bodyOf, createMessageReader, header, type HttpMessage } from './http-message.ts';
import { waitFor } from './wait-for.ts';

/** An answer as it came over the wire. */
export interface RawResponse extends HttpMessage {
  readonly status: number;
  /** The body that is in so far. */
  text(): string;
  /** The first header of that name, in any case. */
  header(name: string): string | undefined;
}

/** One connection on which a test writes exact bytes and reads exact answers, one after another. */
export interface RawConnection {
  readonly socket: Socket;
  /** True once the other side has ended or reset the connection. */
  readonly closed: boolean;
  write(bytes: string | Buffer): void;
  /** Waits for the head of the next answer. `method` HEAD says that no body follows it. */
  nextHead(method?: string, timeoutMs?: number): Promise<RawResponse>;
  /** Waits for the whole next answer, or for the connection's end: see `complete`. */
  nextResponse(method?: string, timeoutMs?: number): Promise<RawResponse>;
  /** Leaves without a farewell. */
  destroy(): void;
}

/** @param from address of this side; any of 127.0.0.0/8, where the address matters */
export async function openConnection(port: number, from = '127.0.0.1'): Promise<RawConnection> {
  const socket = connect({ port, host: '127.0.0.1', localAddress: from, noDelay: true });
  await new Promise<void>((resolve, reject) => {
    socket.once('error', reject);
    socket.once('connect', resolve);
  });
  let closed = false;
  let rest: Buffer = Buffer.alloc(0);
  let reader: ReturnType<typeof createMessageReader> | undefined;
  socket.on('data', (bytes: Buffer) => {
    rest = reader === undefined ? Buffer.concat([rest, bytes]) : Buffer.concat([rest, reader.feed(bytes)]);
  });
  // A reset shows as an incomplete answer.
  socket.on('error', () => (closed = true));
  socket.on('close', () => {
    closed = true;
    reader?.end();
  });
  socket.on('end', () => {
    closed = true;
    reader?.end();
  });

  const startReading = (method: string): NonNullable<typeof reader> => {
    const started = createMessageReader(
      'response',
      (head) => method === 'HEAD' || /^HTTP\/1\.\d (1\d\d|204|304) /.test(`${head.startLine} `),
    );
    rest = started.feed(rest);
    if (closed) started.end();
    reader = started;
    return started;
  };
  /** True once nextResponse has returned the message that the reader holds. */
  let returned = true;
  const current = (method: string): NonNullable<typeof reader> => {
    const reading = reader === undefined || returned ? startReading(method) : reader;
    returned = false;
    return reading;
  };

  return {
    socket,
    get closed() {
      return closed;
    },
    write: (bytes) => void socket.write(bytes),
    async nextHead(method = 'GET', timeoutMs = 15_000) {
      const reading = current(method);
      await waitFor(() => reading.message !== undefined || closed, {
        describe: 'the head of an answer',
        timeoutMs,
        intervalMs: 2,
      });
      return asResponse(reading.message);
    },
    async nextResponse(method = 'GET', timeoutMs = 15_000) {
      const reading = current(method);
      await waitFor(() => reading.message?.complete === true || closed, {
        describe: 'the end of an answer',
        timeoutMs,
        intervalMs: 2,
      });
      returned = true;
      return asResponse(reading.message);
    },
    destroy: () => void socket.destroy(),
  };
}

/** Sends one request's exact bytes on a connection of its own and reads the answer to its end. */
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
  if (message === undefined) throw new Error('the connection ended without the head of an answer');
  return Object.assign(message, {
    status: Number(message.startLine.split(' ')[1]),
    text: () => bodyOf(message).toString(),
    header: (name: string) => header(message, name),
  });
}
