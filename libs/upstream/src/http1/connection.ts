import type { Socket } from 'node:net';
import { classifyFailure, errorCode } from '../failure.ts';
import type { BodySource, UpstreamCall, UpstreamListener, UpstreamRequest } from '../upstream.ts';
import { BodyWriter } from './body-writer.ts';
import { keepReading } from './keep-reading.ts';
import { openSocket, type Origin } from './open-socket.ts';
import { requestHead, type RequestHead } from './request-head.ts';
import { ResponseParser, type ResponseEvents } from './response-parser.ts';

/** Events by which a connection notifies its pool. */
export interface ConnectionOwner {
  /** The response is complete, and the connection may carry another request. */
  released(connection: Connection): void;
  /** The connection is closed, or cannot be used any more. Called once. */
  gone(connection: Connection): void;
}

/** A body up to this size goes out in one write with its head. */
const JOINED_BODY_BYTES = 32 * 1024;

/**
 * One connection to a backend. It carries one attempt at a time, each with a call and a listener. It has no timers: the
 * pool's clock counts `quietTicks` and ends a connection that is silent for too long.
 */
export class Connection implements ResponseEvents {
  /** Ticks of the pool's clock since the last event. */
  quietTicks = 0;
  /** Ticks of the pool's clock since it was opened. */
  ageTicks = 0;
  connected = false;
  /** Responses that this connection has carried. */
  served = 0;
  /** Seconds for which the server keeps an idle connection (`Keep-Alive: timeout`); null where it names none. */
  serverKeepsS: number | null = null;
  readonly #owner: ConnectionOwner;
  readonly #socket: Socket;
  readonly #parser = new ResponseParser(this);
  #listener: UpstreamListener | null = null;
  #call: Call | null = null;
  #body: BodyWriter | null = null;
  #headSeen = false;
  #responseWhole = false;
  #reused = false;
  #paused = false;
  #closed = false;
  /** Of the first write that failed: the server has closed, and may have answered before. */
  #writeError: Error | null = null;

  constructor(origin: Origin, keepAliveMs: number, owner: ConnectionOwner) {
    this.#owner = owner;
    this.#socket = openSocket(origin, {
      opened: () => this.#opened(),
      received: (bytes) => {
        this.#receive(bytes);
        return !this.#paused;
      },
    });
    keepReading(this.#socket, (error) => this.#writeBroke(error));
    this.#socket.setNoDelay(true);
    if (keepAliveMs > 0) this.#socket.setKeepAlive(true, keepAliveMs);
    this.#socket.on('error', (error) => this.#fail(error));
    this.#socket.on('end', () => this.#ended());
    this.#socket.on('close', () => this.#fail(closedError()));
  }

  get busy(): boolean {
    return this.#listener !== null;
  }

  /** Whether the head of the response to the running attempt has arrived. */
  get headSeen(): boolean {
    return this.#headSeen;
  }

  /** The listener has paused the response, so that the server's silence does not count. */
  get paused(): boolean {
    return this.#paused;
  }

  send(request: UpstreamRequest, listener: UpstreamListener): UpstreamCall {
    const call = new Call(this);
    this.#call = call;
    this.#listener = listener;
    this.#headSeen = false;
    this.#responseWhole = false;
    this.#reused = this.served > 0;
    this.quietTicks = 0;
    const { body } = request;
    let head: RequestHead;
    try {
      head = requestHead(request.method, request.path, request.headers, isSource(body) ? 'stream' : body);
    } catch (error) {
      this.#abandon('request', error);
      return call;
    }
    this.#parser.expect(request.method);
    if (isSource(body)) {
      this.#socket.write(head.text, 'latin1');
      this.#body = new BodyWriter(this.#socket, body, head.contentLength, {
        progressed: () => (this.quietTicks = 0),
        failed: (error) => this.#abandon('request', error),
      });
      if (this.connected) this.#body.start();
    } else if (body === null) this.#socket.write(head.text, 'latin1');
    else this.#sendWhole(head.text, body);
    return call;
  }

  /** @param call the attempt to abort: an attempt that is over must not end the one that runs now */
  abort(call: Call): void {
    if (call !== this.#call) return;
    this.#listener = null;
    this.#close();
  }

  resume(call: Call | null): void {
    if (!this.#paused || call !== this.#call) return;
    this.#paused = false;
    this.quietTicks = 0;
    this.#socket.resume();
  }

  /** The pool's clock found it silent for too long. */
  expire(code: 'CONNECT_TIMEOUT' | 'HEAD_TIMEOUT' | 'READ_TIMEOUT'): void {
    this.#fail(Object.assign(new Error('silent for too long'), { code }));
  }

  close(): void {
    this.#close();
  }

  // Events of the parser.

  onHead(status: number, rawHeaders: string[]): void {
    this.#headSeen = true;
    this.quietTicks = 0;
    this.served += 1;
    this.#listener?.onHead(status, rawHeaders);
  }

  onBody(bytes: Buffer): void {
    if (this.#listener?.onData(bytes) === false) this.#pause();
  }

  onEnd(): void {
    this.#responseWhole = true;
  }

  // Events of the socket.

  #opened(): void {
    this.connected = true;
    this.quietTicks = 0;
    this.#body?.start();
  }

  #receive(bytes: Buffer): void {
    // The time until the head does not begin anew with each part of it, nor with an interim response.
    if (this.#headSeen) this.quietTicks = 0;
    if (this.#listener === null) {
      // Bytes that arrive while no request runs would otherwise be read as the response to the next request.
      this.#close();
      return;
    }
    try {
      this.#parser.push(bytes);
    } catch (error) {
      // Bytes after a complete response make the connection unusable; the response itself is valid.
      if (!this.#responseWhole) {
        this.#abandon('protocol', error);
        return;
      }
      this.#parser.keepAlive = false;
    }
    if (this.#responseWhole) this.#complete();
    else if (this.#headSeen) this.#listener?.onQuiet();
  }

  #ended(): void {
    if (this.#listener !== null && this.#headSeen && this.#parser.finish()) this.#complete();
    else this.#fail(this.#writeError ?? closedError());
  }

  /** What was written after the server had closed is lost; what it sent before that is read. */
  #writeBroke(error: Error): void {
    this.#writeError ??= error;
    this.#body?.stop();
  }

  #complete(): void {
    const listener = this.#listener;
    if (listener === null) return;
    this.#listener = null;
    const call = this.#call;
    const bodySent = this.#body === null || this.#body.finished;
    this.#body?.stop();
    this.#body = null;
    this.serverKeepsS = this.#parser.keepAliveS ?? this.serverKeepsS;
    // The listener has received all bytes of the response and buffers them itself, so reading can resume.
    this.resume(call);
    this.#call = null;
    if (this.#parser.keepAlive && bodySent && this.#writeError === null && !this.#socket.readableEnded)
      this.#owner.released(this);
    else this.#close();
    listener.onEnd();
  }

  #pause(): void {
    this.#paused = true;
    this.#socket.pause();
  }

  #sendWhole(head: string, body: Buffer): void {
    if (body.length > JOINED_BODY_BYTES) {
      this.#socket.cork();
      this.#socket.write(head, 'latin1');
      this.#socket.write(body);
      this.#socket.uncork();
      return;
    }
    const joined = Buffer.allocUnsafe(head.length + body.length);
    joined.write(head, 0, 'latin1');
    body.copy(joined, head.length);
    this.#socket.write(joined);
  }

  #abandon(kind: 'request' | 'protocol', cause: unknown): void {
    const listener = this.#listener;
    this.#listener = null;
    this.#close();
    listener?.onFailure({ kind, reused: this.#reused, code: errorCode(cause), cause });
  }

  #fail(cause: Error): void {
    const listener = this.#listener;
    this.#listener = null;
    this.#close();
    if (listener === null) return;
    const code = errorCode(cause);
    const kind = classifyFailure(code, this.connected, this.#headSeen);
    listener.onFailure({ kind, reused: this.#reused, code, cause });
  }

  #close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#body?.stop();
    this.#body = null;
    this.#socket.destroy();
    this.#owner.gone(this);
  }
}

/** The handle of one attempt. Its methods do nothing once the attempt is over. */
class Call implements UpstreamCall {
  readonly #connection: Connection;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  abort(): void {
    this.#connection.abort(this);
  }

  resume(): void {
    this.#connection.resume(this);
  }
}

function closedError(): Error {
  return Object.assign(new Error('the server closed the connection'), { code: 'CLOSED' });
}

function isSource(body: UpstreamRequest['body']): body is BodySource {
  return body !== null && !Buffer.isBuffer(body);
}
