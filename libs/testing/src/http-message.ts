/** One piece of a body as it came over the wire: a chunk of a chunked body, else what one read brought. */
export interface Piece {
  readonly data: Buffer;
  /** performance.now() when its last byte was in. */
  readonly atMs: number;
}

/** An HTTP/1.1 message read byte by byte, with nothing normalised. */
export interface HttpMessage {
  /** Request or status line. */
  readonly startLine: string;
  /** Names and values as they came, in order. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** The bytes up to and including the empty line. */
  readonly rawHead: string;
  readonly headAtMs: number;
  readonly pieces: Piece[];
  readonly trailers: [name: string, value: string][];
  /** True once the body ended as HTTP demands. */
  complete: boolean;
}

export interface MessageReader {
  /** The message being read, from the end of its head on. */
  readonly message: HttpMessage | undefined;
  /** Takes bytes in and returns those that lie behind the message's end. */
  feed(bytes: Buffer): Buffer;
  /** The connection's end is also the end of a body without any length. */
  end(): void;
}

export function header(message: HttpMessage, name: string): string | undefined {
  return message.headers.find(([key]) => key.toLowerCase() === name.toLowerCase())?.[1];
}

export function bodyOf(message: HttpMessage): Buffer {
  return Buffer.concat(message.pieces.map(({ data }) => data));
}

/**
 * Reads one message. `bodyless` says, once the head is in, whether no body follows whatever the head says (an answer
 * to HEAD, 204, 304); a request without length has none.
 */
export function createMessageReader(
  kind: 'request' | 'response',
  bodyless = (_head: HttpMessage) => false,
): MessageReader {
  let pending: Buffer = Buffer.alloc(0);
  let message: HttpMessage | undefined;
  let mode: 'head' | 'length' | 'size' | 'chunk' | 'trailers' | 'close' | 'done' = 'head';
  let left = 0;

  const finish = (): void => {
    mode = 'done';
    if (message !== undefined) message.complete = true;
  };
  const take = (count: number): Buffer => {
    const taken = pending.subarray(0, count);
    pending = pending.subarray(count);
    return taken;
  };
  /** The next line without its end, or undefined while it is not whole. */
  const line = (): string | undefined => {
    const end = pending.indexOf('\r\n');
    return end === -1
      ? undefined
      : take(end + 2)
          .toString('latin1')
          .slice(0, -2);
  };
  const startBody = (head: HttpMessage): void => {
    const length = header(head, 'content-length');
    if (bodyless(head)) finish();
    else if (header(head, 'transfer-encoding')?.toLowerCase() === 'chunked') mode = 'size';
    else if (length !== undefined) {
      left = Number(length);
      mode = 'length';
      if (left === 0) finish();
    } else if (kind === 'request') finish();
    else mode = 'close';
  };
  /** One step; false when more bytes are needed. */
  const step = (): boolean => {
    if (mode === 'head') {
      const end = pending.indexOf('\r\n\r\n');
      if (end === -1) return false;
      message = parseHead(take(end + 4).toString('latin1'));
      startBody(message);
      return true;
    }
    if (message === undefined || mode === 'done') return false;
    if (mode === 'length' || mode === 'close') {
      if (pending.length === 0) return false;
      const data = take(mode === 'close' ? pending.length : Math.min(left, pending.length));
      message.pieces.push({ data, atMs: performance.now() });
      left -= data.length;
      if (mode === 'length' && left === 0) finish();
      return true;
    }
    if (mode === 'chunk') {
      if (pending.length < left + 2) return false;
      message.pieces.push({ data: take(left), atMs: performance.now() });
      take(2);
      mode = 'size';
      return true;
    }
    const text = line();
    if (text === undefined) return false;
    if (mode === 'size') {
      left = Number.parseInt(text, 16);
      mode = left === 0 ? 'trailers' : 'chunk';
    } else if (text === '') finish();
    else message.trailers.push(splitHeader(text));
    return true;
  };
  return {
    get message() {
      return message;
    },
    feed(bytes) {
      pending = Buffer.concat([pending, bytes]);
      while (step());
      return mode === 'done' ? take(pending.length) : Buffer.alloc(0);
    },
    end() {
      if (mode === 'close') finish();
    },
  };
}

function parseHead(rawHead: string): HttpMessage {
  const [startLine = '', ...lines] = rawHead.slice(0, -4).split('\r\n');
  return {
    startLine,
    headers: lines.map(splitHeader),
    rawHead,
    headAtMs: performance.now(),
    pieces: [],
    trailers: [],
    complete: false,
  };
}

function splitHeader(text: string): [name: string, value: string] {
  const colon = text.indexOf(':');
  return [text.slice(0, colon), text.slice(colon + 1).trim()];
}
