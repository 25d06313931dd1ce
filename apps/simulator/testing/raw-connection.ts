import { connect, type Socket } from 'node:net';

/** A response as it came over the wire. */
export interface RawResponse {
  readonly status: number;
  /** The header lines `Name: value` in order, without the status line. */
  readonly head: readonly string[];
  /** The header names in order. */
  readonly headerNames: readonly string[];
  readonly body: string;
  /** The data of the HTTP chunks. Empty for a body with a length. */
  readonly chunks: readonly string[];
  header(name: string): string | undefined;
}

/** A connection on which a test writes and reads the bytes itself. */
export interface RawConnection {
  send(bytes: string): void;
  /** The next whole response, or its head. Rejects when the connection ends or fails before. */
  response(options?: { readonly headOnly?: boolean }): Promise<RawResponse>;
  /** The bytes that have come and belong to no response that was taken. */
  readonly pending: string;
  /** Resolves when at least this many bytes are pending. */
  received(bytes: number): Promise<void>;
  /** Resolves with `end` after a FIN from the server, else with the code of the error. */
  readonly closed: Promise<string>;
  destroy(): void;
}

/** Connects to a port of loopback. */
export function connectRaw(port: number): RawConnection {
  const socket: Socket = connect({ port, host: '127.0.0.1', noDelay: true });
  let pending = '';
  let failure: string | undefined;
  const listeners = new Set<() => void>();
  const notify = (): void => listeners.forEach((listener) => listener());
  socket.setEncoding('latin1');
  socket.on('data', (data: string) => {
    pending += data;
    notify();
  });
  const closed = new Promise<string>((resolve) => {
    socket.on('error', (error: NodeJS.ErrnoException) => (failure = error.code ?? error.message));
    socket.on('end', () => (failure ??= 'end'));
    socket.on('close', () => {
      failure ??= 'destroyed';
      notify();
      resolve(failure);
    });
  });
  const waitForValue = <T>(look: () => T | undefined): Promise<T> =>
    new Promise((resolve, reject) => {
      const check = (): void => {
        const found = look();
        if (found !== undefined) resolve(found);
        else if (failure !== undefined)
          reject(new Error(`connection closed (${failure}) with ${JSON.stringify(pending)}`));
        else return;
        listeners.delete(check);
      };
      listeners.add(check);
      check();
    });
  return {
    send: (bytes) => socket.write(bytes, 'latin1'),
    response: ({ headOnly = false } = {}) =>
      waitForValue(() => {
        const parsed = parseResponse(pending, headOnly);
        if (parsed === undefined) return undefined;
        pending = pending.slice(parsed.length);
        return parsed.response;
      }),
    get pending() {
      return pending;
    },
    received: async (bytes) => {
      await waitForValue(() => (pending.length >= bytes ? true : undefined));
    },
    closed,
    destroy: () => socket.destroy(),
  };
}

/** Sends one request on a connection of its own. */
export async function sendRaw(
  port: number,
  bytes: string,
  options?: { readonly headOnly?: boolean },
): Promise<RawResponse> {
  const connection = connectRaw(port);
  connection.send(bytes);
  try {
    return await connection.response(options);
  } finally {
    connection.destroy();
  }
}

export function getRequest(path: string, headers: readonly string[] = [], method = 'GET'): string {
  return [`${method} ${path} HTTP/1.1`, 'Host: 127.0.0.1', ...headers, '', ''].join('\r\n');
}

export function postRequest(path: string, body: unknown, headers: readonly string[] = []): string {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  const length = `Content-Length: ${Buffer.byteLength(text)}`;
  return [
    `POST ${path} HTTP/1.1`,
    'Host: 127.0.0.1',
    'Content-Type: application/json',
    length,
    ...headers,
    '',
    text,
  ].join('\r\n');
}

function parseResponse(
  text: string,
  headOnly: boolean,
): { response: RawResponse; length: number } | undefined {
  const headEnd = text.indexOf('\r\n\r\n');
  if (headEnd === -1) return undefined;
  const [statusLine = '', ...head] = text.slice(0, headEnd).split('\r\n');
  const header = (name: string): string | undefined => {
    const line = head.find((candidate) => candidate.toLowerCase().startsWith(`${name.toLowerCase()}:`));
    return line?.slice(line.indexOf(':') + 1).trim();
  };
  const make = (body: string, chunks: readonly string[], length: number) => ({
    response: {
      status: Number(statusLine.split(' ')[1]),
      head,
      headerNames: head.map((line) => line.slice(0, line.indexOf(':'))),
      body,
      chunks,
      header,
    },
    length,
  });
  const bodyAt = headEnd + 4;
  if (headOnly) return make('', [], bodyAt);
  if (header('transfer-encoding') === undefined) {
    const length = Number(header('content-length') ?? 0);
    return text.length < bodyAt + length
      ? undefined
      : make(text.slice(bodyAt, bodyAt + length), [], bodyAt + length);
  }
  const chunks: string[] = [];
  for (let at = bodyAt; ;) {
    const lineEnd = text.indexOf('\r\n', at);
    if (lineEnd === -1) return undefined;
    const size = Number.parseInt(text.slice(at, lineEnd), 16);
    const next = lineEnd + 2 + size + 2;
    if (text.length < next) return undefined;
    if (size === 0) return make(chunks.join(''), chunks, next);
    chunks.push(text.slice(lineEnd + 2, lineEnd + 2 + size));
    at = next;
  }
}
