import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import type { FaultSpec } from './faults.ts';
import type { ReceivedRequest } from './request-log.ts';
import { createTrickle } from './trickle.ts';

/** Names and values alternate. They are sent in this order and this case, and nothing is added. */
export type FlatHeaders = readonly string[];

/** How a connection goes on after an answer, whatever the head said. */
export type After = 'keep' | 'close';

/** One request and its answer, with whatever fault has struck it between the server's type and the socket. */
export interface Exchange {
  readonly method: string;
  /** As it came, without the query. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  readonly onConnection: number;
  /** The client asked for the connection to be closed, or speaks HTTP/1.0. */
  readonly wantsClose: boolean;
  readonly headSent: boolean;
  /** The client has left, or the answer is complete. */
  readonly over: boolean;
  /** All of the request's body. Never settles when the client leaves in the middle of it. */
  body(): Promise<Buffer>;
  /** Called once when the client leaves before its answer is complete. */
  onClientLeft(left: () => void): void;
  /** A whole answer. `Content-Length` and the like are the caller's. */
  respond(status: number, reason: string, headers: FlatHeaders, body: string | Buffer, after?: After): void;
  /** The head of a stream; sent with the first chunk unless `flush`. */
  start(status: number, reason: string, headers: FlatHeaders, flush?: boolean): void;
  /** One HTTP chunk. */
  write(chunk: string): void;
  /** The last chunk. */
  end(after?: After): void;
  /** Cuts the connection in the middle. */
  breakOff(how?: 'reset' | 'close'): void;
}

export interface ExchangeContext {
  readonly onConnection: number;
  readonly record: ReceivedRequest;
  readonly fault: FaultSpec | undefined;
  readonly captureBody: boolean;
  readonly settle: (outcome: 'answered' | 'client-left' | 'broken-off') => void;
}

/** A chat prompt of a large context is a few MiB; images and uploads a few tens. */
const MAX_KEPT_BODY_BYTES = 64 * 1024 * 1024;

export function createExchange(
  req: IncomingMessage,
  res: ServerResponse,
  context: ExchangeContext,
): Exchange {
  const target = req.url ?? '/';
  const queryAt = target.indexOf('?');
  const { fault, record } = context;
  const leftListeners: (() => void)[] = [];
  let over = false;
  let headSent = false;
  let chunks = 0;
  let mute = false;

  const settle = (outcome: 'answered' | 'client-left' | 'broken-off'): void => {
    over = true;
    context.settle(outcome);
  };
  const breakOff = (how: 'reset' | 'close' = 'reset'): void => {
    if (over) return;
    settle('broken-off');
    for (const left of leftListeners.splice(0)) left();
    if (how === 'reset') req.socket.resetAndDestroy();
    else req.socket.destroySoon();
  };
  res.on('close', () => {
    if (over) return;
    settle(res.writableFinished ? 'answered' : 'client-left');
    if (!res.writableFinished) for (const left of leftListeners.splice(0)) left();
  });
  res.on('error', () => undefined); // a write after the client left; 'close' settles it

  const trickle =
    fault?.kind === 'slow' && fault.bytesPerS !== undefined ? createTrickle(res, fault.bytesPerS) : undefined;
  const send = (chunk: string | Buffer): void => {
    if (trickle !== undefined) trickle.write(chunk);
    else res.write(chunk);
  };
  const finish = (after: After): void => {
    const end = (): void => {
      res.end(() => {
        if (after === 'close') req.socket.destroySoon();
        else if (fault?.kind === 'close-idle') setTimeout(() => req.socket.destroySoon(), fault.delayMs ?? 0);
      });
    };
    if (trickle !== undefined) trickle.end(end);
    else end();
  };
  const sendHead = (status: number, reason: string, headers: FlatHeaders): void => {
    headSent = true;
    record.status = status;
    writeBareHead(res, status, reason, headers);
    if (fault?.kind !== 'hang-after-head') return;
    res.flushHeaders();
    mute = true;
  };

  return {
    method: req.method ?? 'GET',
    path: queryAt === -1 ? target : target.slice(0, queryAt),
    query: new URLSearchParams(queryAt === -1 ? '' : target.slice(queryAt + 1)),
    headers: req.headers,
    onConnection: context.onConnection,
    wantsClose:
      /\bclose\b/i.test(req.headers.connection ?? '') ||
      (req.httpVersion === '1.0' && !/keep-alive/i.test(req.headers.connection ?? '')),
    get headSent() {
      return headSent;
    },
    get over() {
      return over;
    },
    body: () => readBody(req, record, context.captureBody),
    onClientLeft(left) {
      if (over) left();
      else leftListeners.push(left);
    },
    respond(status, reason, headers, body, after = 'keep') {
      if (over) return;
      sendHead(status, reason, headers);
      if (mute) return;
      if (fault?.kind === 'die-mid-stream') {
        res.write(body.slice(0, Math.floor(body.length / 2)), () => breakOff(fault.how));
        return;
      }
      if (body.length > 0 && req.method !== 'HEAD') send(body);
      finish(after);
    },
    start(status, reason, headers, flush = false) {
      if (over) return;
      sendHead(status, reason, headers);
      if (flush) res.flushHeaders();
    },
    write(chunk) {
      if (over || mute) return;
      if (fault?.kind === 'die-mid-stream' && chunks >= (fault.afterChunks ?? 1)) breakOff(fault.how);
      else send(`${Buffer.byteLength(chunk).toString(16)}\r\n${chunk}\r\n`);
      chunks++;
    },
    end(after = 'keep') {
      if (over || mute) return;
      if (fault?.kind === 'die-mid-stream') return breakOff(fault.how);
      send('0\r\n\r\n');
      finish(after);
    },
    breakOff,
  };
}

/**
 * Writes a head of exactly these headers. Node would add `Date`, `Connection` and `Keep-Alive`, and would
 * close the socket by itself after a `Connection: close`, which some servers do not.
 */
function writeBareHead(res: ServerResponse, status: number, reason: string, headers: FlatHeaders): void {
  res.sendDate = false;
  res.useChunkedEncodingByDefault = false;
  res.removeHeader('connection');
  res.writeHead(status, reason, headers as string[]);
  // Chunks are framed by the exchange: Node would put those of one tick into one.
  res.chunkedEncoding = false;
  (res as unknown as { _last: boolean })._last = false;
}

function readBody(req: IncomingMessage, record: ReceivedRequest, capture: boolean): Promise<Buffer> {
  return new Promise((resolve) => {
    const parts: Buffer[] = [];
    req.on('data', (part: Buffer) => {
      record.bodyBytes += part.length;
      if (record.bodyBytes <= MAX_KEPT_BODY_BYTES) parts.push(part);
    });
    req.on('end', () => {
      const body = Buffer.concat(parts);
      if (capture) record.body = body.toString('utf8');
      resolve(body);
    });
  });
}
