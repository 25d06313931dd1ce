/** What the fast server reads of a request. */
export interface FastRequest {
  readonly method: string;
  readonly target: string;
  /** The body asks for a stream. Only its first 64 KiB, as they came with the head, are searched. */
  readonly stream: boolean;
  readonly bodyBytes: number;
}

const HEAD_END = Buffer.from('\r\n\r\n');
const LAST_CHUNK = Buffer.from('0\r\n\r\n');
const SEARCHED_BYTES = 65_536;

interface RequestHead {
  readonly method: string;
  readonly target: string;
  readonly chunked: boolean;
  /** Bytes of the body; 0 for a chunked one. */
  readonly length: number;
}

/**
 * Cuts the bytes of a connection into requests and keeps no bodies. It trusts the client: a body has a
 * `Content-Length` or is chunked without trailers, and nothing follows a chunked body before its response.
 */
export function createRequestReader(onRequest: (request: FastRequest) => void): (data: Buffer) => void {
  let pending: Buffer = Buffer.alloc(0);
  let head: RequestHead | undefined;
  let bodyBytes = 0;
  let bodyStart: Buffer = pending;
  let bodyEnd: Buffer = pending;

  const readHead = (): RequestHead | undefined => {
    const end = pending.indexOf(HEAD_END);
    if (end === -1) return undefined;
    const parsed = parseHead(pending.toString('latin1', 0, end));
    pending = pending.subarray(end + HEAD_END.length);
    bodyBytes = 0;
    bodyStart = pending.subarray(0, SEARCHED_BYTES);
    bodyEnd = Buffer.alloc(0);
    return parsed;
  };

  /** True when the body is complete. */
  const readBody = ({ chunked, length }: RequestHead): boolean => {
    if (bodyStart.length === 0) bodyStart = pending.subarray(0, SEARCHED_BYTES);
    if (!chunked) {
      const taken = Math.min(length - bodyBytes, pending.length);
      bodyBytes += taken;
      pending = pending.subarray(taken);
      return bodyBytes === length;
    }
    bodyBytes += pending.length;
    bodyEnd =
      pending.length >= LAST_CHUNK.length
        ? pending.subarray(-LAST_CHUNK.length)
        : Buffer.concat([bodyEnd, pending]).subarray(-LAST_CHUNK.length);
    pending = Buffer.alloc(0);
    return bodyEnd.equals(LAST_CHUNK);
  };

  return (data) => {
    pending = pending.length === 0 ? data : Buffer.concat([pending, data]);
    for (;;) {
      head ??= readHead();
      if (head === undefined || !readBody(head)) return;
      const { method, target } = head;
      head = undefined;
      onRequest({ method, target, stream: asksForStream(bodyStart), bodyBytes });
      if (pending.length === 0) return;
    }
  };
}

function parseHead(text: string): RequestHead {
  const methodEnd = text.indexOf(' ');
  const targetEnd = text.indexOf(' ', methodEnd + 1);
  const length = /\r\ncontent-length: *(\d+)/i.exec(text);
  return {
    method: text.slice(0, methodEnd),
    target: text.slice(methodEnd + 1, targetEnd),
    chunked: length === null && /\r\ntransfer-encoding: *chunked/i.test(text),
    length: length === null ? 0 : Number(length[1]),
  };
}

function asksForStream(body: Buffer): boolean {
  return body.includes('"stream":true') || body.includes('"stream": true');
}
