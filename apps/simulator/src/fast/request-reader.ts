/** What the fast server needs to know of a request. */
export interface FastRequest {
  readonly method: string;
  readonly target: string;
  /** The body asks for a stream; looked for in what came with the head and the first 64 KiB. */
  readonly stream: boolean;
  readonly bodyBytes: number;
}

const HEAD_END = Buffer.from('\r\n\r\n');
const CHUNKED_END = Buffer.from('0\r\n\r\n');
const KEPT_BYTES = 65_536;

/**
 * Cuts a connection's bytes into requests without keeping their bodies. Trusts its client:
 * `Content-Length` or chunked without trailers, and nothing pipelined behind a chunked body.
 */
export function createRequestReader(onRequest: (request: FastRequest) => void): (data: Buffer) => void {
  let pending: Buffer = Buffer.alloc(0);
  let head: { method: string; target: string; chunked: boolean; length: number } | undefined;
  let got = 0;
  let start: Buffer = pending;
  let tail: Buffer = pending;

  const finish = (): void => {
    const done = head as NonNullable<typeof head>;
    head = undefined;
    onRequest({ method: done.method, target: done.target, stream: asksForStream(start), bodyBytes: got });
  };

  const readHead = (): boolean => {
    const end = pending.indexOf(HEAD_END);
    if (end === -1) return false;
    const text = pending.toString('latin1', 0, end);
    const first = text.indexOf(' ');
    const second = text.indexOf(' ', first + 1);
    const length = /\r\ncontent-length: *(\d+)/i.exec(text);
    head = {
      method: text.slice(0, first),
      target: text.slice(first + 1, second),
      chunked: length === null && /\r\ntransfer-encoding: *chunked/i.test(text),
      length: length === null ? 0 : Number(length[1]),
    };
    pending = pending.subarray(end + HEAD_END.length);
    got = 0;
    start = pending.subarray(0, KEPT_BYTES);
    tail = Buffer.alloc(0);
    return true;
  };

  /** True when the body is complete. */
  const readBody = (): boolean => {
    const { chunked, length } = head as NonNullable<typeof head>;
    if (start.length === 0) start = pending.subarray(0, KEPT_BYTES);
    if (!chunked) {
      const take = Math.min(length - got, pending.length);
      got += take;
      pending = pending.subarray(take);
      return got === length;
    }
    got += pending.length;
    tail =
      pending.length >= CHUNKED_END.length
        ? pending.subarray(-CHUNKED_END.length)
        : Buffer.concat([tail, pending]).subarray(-CHUNKED_END.length);
    pending = Buffer.alloc(0);
    return tail.equals(CHUNKED_END);
  };

  return (data) => {
    pending = pending.length === 0 ? data : Buffer.concat([pending, data]);
    for (;;) {
      if (head === undefined && !readHead()) return;
      if (!readBody()) return;
      finish();
      if (pending.length === 0) return;
    }
  };
}

function asksForStream(body: Buffer): boolean {
  return body.includes('"stream":true') || body.includes('"stream": true');
}
