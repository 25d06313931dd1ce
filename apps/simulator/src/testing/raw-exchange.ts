import { connect, type Socket } from 'node:net';

/** An answer as it came over the wire. */
export interface RawAnswer {
  readonly status: number;
  /** `Name: value` lines, in order, without the status line. */
  readonly head: readonly string[];
  /** Names only, in order. */
  readonly headerNames: readonly string[];
  readonly body: string;
  /** Bodies of the HTTP chunks; empty for a body with a length. */
  readonly chunks: readonly string[];
  header(name: string): string | undefined;
}

/** A connection whose bytes a test writes and reads by itself. */
export interface RawConnection {
  send(bytes: string): void;
  /** The next whole answer; rejects when the connection ends or fails before. */
  answer(options?: { readonly headOnly?: boolean }): Promise<RawAnswer>;
  /** All that came and was not taken by an answer yet. */
  readonly pending: string;
  /** Settles when at least so many bytes are pending. */
  arrived(bytes: number): Promise<void>;
  /** `end` for a FIN from the server, else the error's code. */
  readonly closed: Promise<string>;
  destroy(): void;
}

export function openRaw(port: number): RawConnection {
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
  const wait = <T>(look: () => T | undefined): Promise<T> =>
    new Promise((resolve, reject) => {
      const check = (): void => {
        const found = look();
        if (found !== undefined) resolve(found);
        else if (failure !== undefined)
          reject(new Error(`connection over (${failure}) with ${JSON.stringify(pending)}`));
        else return;
        listeners.delete(check);
      };
      listeners.add(check);
      check();
    });
  return {
    send: (bytes) => socket.write(bytes, 'latin1'),
    answer: ({ headOnly = false } = {}) =>
      wait(() => {
        const parsed = parseAnswer(pending, headOnly);
        if (parsed === undefined) return undefined;
        pending = pending.slice(parsed.length);
        return parsed.answer;
      }),
    get pending() {
      return pending;
    },
    arrived: async (bytes) => {
      await wait(() => (pending.length >= bytes ? true : undefined));
    },
    closed,
    destroy: () => socket.destroy(),
  };
}

/** One request on a connection of its own. */
export async function askRaw(
  port: number,
  bytes: string,
  options?: { readonly headOnly?: boolean },
): Promise<RawAnswer> {
  const connection = openRaw(port);
  connection.send(bytes);
  try {
    return await connection.answer(options);
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

function parseAnswer(text: string, headOnly: boolean): { answer: RawAnswer; length: number } | undefined {
  const headEnd = text.indexOf('\r\n\r\n');
  if (headEnd === -1) return undefined;
  const [statusLine = '', ...head] = text.slice(0, headEnd).split('\r\n');
  const header = (name: string): string | undefined => {
    const line = head.find((candidate) => candidate.toLowerCase().startsWith(`${name.toLowerCase()}:`));
    return line?.slice(line.indexOf(':') + 1).trim();
  };
  const make = (body: string, chunks: readonly string[], length: number) => ({
    answer: {
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
