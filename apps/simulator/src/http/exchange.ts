import { STATUS_CODES, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import type { FaultSpec } from './fault-spec.ts';
import type { ReceivedRequest, RequestOutcome } from './request-log.ts';
import { createThrottledWriter, type ThrottledWriter } from './throttled-writer.ts';

/** Names and values alternate. They are sent in this order and spelling, and nothing is added. */
export type FlatHeaders = readonly string[];

/** What the server does with the connection after a response. The head may announce something else. */
export type AfterResponse = 'keep' | 'close';

export interface ResponseHead {
  readonly status: number;
  /** Default: the standard reason phrase of the status. */
  readonly reason?: string;
  readonly headers: FlatHeaders;
}

export interface WholeResponse extends ResponseHead {
  readonly body: string | Buffer;
  /** Default `keep`. */
  readonly after?: AfterResponse;
}

export interface ExchangeContext {
  readonly onConnection: number;
  readonly record: ReceivedRequest;
  readonly fault: FaultSpec | undefined;
  readonly captureBody: boolean;
  /** Called once with the outcome, when the response is complete or the connection is gone. */
  readonly settle: (outcome: RequestOutcome) => void;
}

/** A chat prompt with a large context is a few MiB; images and uploads are some tens of MiB. */
const MAX_KEPT_BODY_BYTES = 64 * 1024 * 1024;

/** One request and its response. It applies a fault between the server type's behaviour and the socket. */
export class Exchange {
  readonly method: string;
  /** The path of the request target, unchanged, without the query. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  /** Counts the requests of this connection from 1. */
  readonly onConnection: number;
  /** The client asked to close the connection, or speaks HTTP/1.0 without keep-alive (RFC 9112, 9.3). */
  readonly clientCloses: boolean;
  /** The fault that was picked for this request. */
  readonly fault: FaultSpec | undefined;
  headSent = false;
  /** The response is complete, or the connection is gone. */
  over = false;
  readonly #req: IncomingMessage;
  readonly #res: ServerResponse;
  readonly #context: ExchangeContext;
  readonly #throttled: ThrottledWriter | undefined;
  readonly #leftListeners: (() => void)[] = [];
  #chunks = 0;
  /** The fault lets nothing follow the head. */
  #hangs = false;

  constructor(req: IncomingMessage, res: ServerResponse, context: ExchangeContext) {
    const target = req.url ?? '/';
    const queryAt = target.indexOf('?');
    const { connection = '' } = req.headers;
    this.method = req.method ?? 'GET';
    this.path = queryAt === -1 ? target : target.slice(0, queryAt);
    this.query = new URLSearchParams(queryAt === -1 ? '' : target.slice(queryAt + 1));
    this.headers = req.headers;
    this.onConnection = context.onConnection;
    this.clientCloses =
      /\bclose\b/i.test(connection) || (req.httpVersion === '1.0' && !/keep-alive/i.test(connection));
    this.#req = req;
    this.#res = res;
    this.#context = context;
    this.fault = context.fault;
    this.#throttled =
      context.fault?.kind === 'slow' && context.fault.bytesPerS !== undefined
        ? createThrottledWriter(res, context.fault.bytesPerS)
        : undefined;
    res.on('close', () => this.#onClose());
    // A write after the client has left fails. 'close' follows and settles the request.
    res.on('error', () => undefined);
  }

  /** The whole request body. Never resolves when the client leaves before its end. */
  body(): Promise<Buffer> {
    return readBody(this.#req, this.#context.record, this.#context.captureBody);
  }

  /** Registers a callback for a client that leaves before its response is complete. Called once. */
  onClientLeft(left: () => void): void {
    if (this.over) left();
    else this.#leftListeners.push(left);
  }

  /** Sends a whole response. The caller gives `Content-Length`. */
  respond({ body, after = 'keep', ...head }: WholeResponse): void {
    if (this.over) return;
    this.#sendHead(head);
    if (this.#hangs) return;
    if (this.fault?.kind === 'die-mid-stream') {
      const { how } = this.fault;
      this.#res.write(body.slice(0, Math.floor(body.length / 2)), () => this.abort(how));
      return;
    }
    if (body.length > 0 && this.method !== 'HEAD') this.#send(body);
    this.#finish(after);
  }

  /** Starts a stream. The head leaves with the first chunk, or at once with `flush`. */
  writeHead(head: ResponseHead, flush = false): void {
    if (this.over) return;
    this.#sendHead(head);
    if (flush) this.#res.flushHeaders();
  }

  /** Sends one HTTP chunk. */
  writeChunk(chunk: string): void {
    if (this.over || this.#hangs) return;
    const fault = this.fault;
    if (fault?.kind === 'die-mid-stream' && this.#chunks >= (fault.afterChunks ?? 1)) this.abort(fault.how);
    else this.#send(`${Buffer.byteLength(chunk).toString(16)}\r\n${chunk}\r\n`);
    this.#chunks++;
  }

  /** Sends the last chunk. */
  end(after: AfterResponse = 'keep'): void {
    if (this.over || this.#hangs) return;
    if (this.fault?.kind === 'die-mid-stream') return this.abort(this.fault.how);
    this.#send('0\r\n\r\n');
    this.#finish(after);
  }

  /** Cuts the connection before the response is complete. */
  abort(how: 'reset' | 'close' = 'reset'): void {
    if (this.over) return;
    this.#settle('broken-off');
    if (how === 'reset') this.#req.socket.resetAndDestroy();
    else this.#req.socket.destroySoon();
  }

  #onClose(): void {
    if (!this.over) this.#settle(this.#res.writableFinished ? 'answered' : 'client-left');
  }

  #settle(outcome: RequestOutcome): void {
    this.over = true;
    this.#context.settle(outcome);
    if (outcome !== 'answered') for (const left of this.#leftListeners.splice(0)) left();
  }

  #sendHead({ status, reason = STATUS_CODES[status] ?? '', headers }: ResponseHead): void {
    this.headSent = true;
    this.#context.record.status = status;
    writeExactHead(this.#res, { status, reason, headers });
    if (this.fault?.kind !== 'hang-after-head') return;
    this.#res.flushHeaders();
    this.#hangs = true;
  }

  #send(bytes: string | Buffer): void {
    if (this.#throttled !== undefined) this.#throttled.write(bytes);
    else this.#res.write(bytes);
  }

  #finish(after: AfterResponse): void {
    const { socket } = this.#req;
    const fault = this.fault;
    const end = (): void => {
      this.#res.end(() => {
        if (after === 'close') socket.destroySoon();
        else if (fault?.kind === 'close-idle') setTimeout(() => socket.destroySoon(), fault.delayMs ?? 0);
      });
    };
    if (this.#throttled !== undefined) this.#throttled.end(end);
    else end();
  }
}

/**
 * Writes a head with exactly these headers. Node would add `Date`, `Connection` and `Keep-Alive`, and would
 * close the socket by itself after a `Connection: close`, which some servers do not do.
 */
function writeExactHead(res: ServerResponse, { status, reason, headers }: Required<ResponseHead>): void {
  res.sendDate = false;
  res.useChunkedEncodingByDefault = false;
  res.removeHeader('connection');
  res.writeHead(status, reason, [...headers]);
  // The exchange frames the chunks: Node would join all chunks of one tick.
  res.chunkedEncoding = false;
  Reflect.set(res, '_last', false);
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
