import { Client, buildConnector, type Dispatcher } from 'undici';
import { classifyFailure, errorCode } from './failure.ts';
import type { Upstream, UpstreamCall, UpstreamListener, UpstreamRequest } from './upstream.ts';

export interface UndiciUpstreamOptions {
  /** `http://host:port`, no path. */
  readonly origin: string;
  readonly connectTimeoutMs: number;
  readonly tlsHandshakeTimeoutMs: number;
  readonly keepAliveMs: number;
  /** Until the head of the answer; 0 for no limit. */
  readonly headTimeoutMs: number;
  /** Silence between body bytes; 0 for no limit. */
  readonly readTimeoutMs: number;
}

/**
 * Idle connections are closed before the backend's own limit: uvicorn and llama-server close theirs after 5 s, and a
 * request that crosses the closing is lost. Where the backend says its limit (`Keep-Alive: timeout=`), undici stays
 * two seconds below it.
 */
const IDLE_CONNECTION_MS = 4_000;

/** Larger than any real head of an inference server; what exceeds it is not one. */
const MAX_RESPONSE_HEAD_BYTES = 64 * 1024;

/**
 * The connections to one endpoint: an undici Client each, one request on each at a time, the most recently used one
 * first. Without a cap: a stream may hold its connection for an hour, and must not make others wait.
 */
export class UndiciUpstream implements Upstream {
  readonly #origin: string;
  readonly #options: Client.Options;
  readonly #idle: Connection[] = [];
  #open = 0;
  #closed = false;

  constructor(options: UndiciUpstreamOptions) {
    this.#origin = options.origin;
    this.#options = {
      connect: buildConnector({
        timeout:
          options.connectTimeoutMs +
          (options.origin.startsWith('https:') ? options.tlsHandshakeTimeoutMs : 0),
        keepAlive: true,
        keepAliveInitialDelay: options.keepAliveMs,
        allowH2: false,
        noDelay: true,
      }),
      pipelining: 1,
      keepAliveTimeout: IDLE_CONNECTION_MS,
      headersTimeout: options.headTimeoutMs,
      bodyTimeout: options.readTimeoutMs,
      maxHeaderSize: MAX_RESPONSE_HEAD_BYTES,
      allowH2: false,
    };
  }

  get connections(): number {
    return this.#open;
  }

  dispatch(request: UpstreamRequest, listener: UpstreamListener): UpstreamCall {
    const connection = (request.freshConnection ? undefined : this.#idle.pop()) ?? this.#connect();
    const attempt = new Attempt(connection, listener, this);
    connection.attempt = attempt;
    try {
      connection.client.dispatch(
        {
          method: request.method as Dispatcher.HttpMethod,
          path: request.path,
          headers: request.headers,
          body: request.body,
        },
        attempt,
      );
    } catch (error) {
      attempt.onResponseError(null, error as Error);
    }
    return attempt;
  }

  close(): void {
    this.#closed = true;
    for (const connection of this.#idle.splice(0)) this.discard(connection);
  }

  /** A connection that ended an exchange well goes back; the others are discarded. */
  release(connection: Connection): void {
    connection.attempt = null;
    if (this.#closed || connection.gone) this.discard(connection);
    else this.#idle.push(connection);
  }

  discard(connection: Connection): void {
    if (connection.discarded) return;
    connection.discarded = true;
    connection.attempt = null;
    this.#open -= 1;
    // Destroying can only report that requests were pending, and those were told already.
    connection.client.destroy().catch(ignore);
  }

  #connect(): Connection {
    const connection = new Connection(new Client(this.#origin, this.#options));
    this.#open += 1;
    connection.client.on('connect', () => {
      connection.connected = true;
    });
    connection.client.on('disconnect', () => {
      connection.gone = true;
      if (connection.attempt !== null || connection.discarded) return;
      const index = this.#idle.indexOf(connection);
      if (index !== -1) this.#idle.splice(index, 1);
      this.discard(connection);
    });
    return connection;
  }
}

function ignore(): void {}

class Connection {
  readonly client: Client;
  attempt: Attempt | null = null;
  connected = false;
  /** The socket is closed; undici would open another, which would not be this connection any more. */
  gone = false;
  discarded = false;
  /** Answers that came over it. */
  served = 0;

  constructor(client: Client) {
    this.client = client;
  }
}

/** One exchange on one connection, in undici's terms. */
class Attempt implements UpstreamCall, Dispatcher.DispatchHandler {
  readonly #connection: Connection;
  readonly #listener: UpstreamListener;
  readonly #owner: UndiciUpstream;
  readonly #reused: boolean;
  #controller: Dispatcher.DispatchController | null = null;
  #headSeen = false;
  #over = false;

  constructor(connection: Connection, listener: UpstreamListener, owner: UndiciUpstream) {
    this.#connection = connection;
    this.#listener = listener;
    this.#owner = owner;
    this.#reused = connection.served > 0;
  }

  abort(): void {
    if (this.#over) return;
    this.#over = true;
    this.#owner.discard(this.#connection);
  }

  resume(): void {
    if (!this.#over) this.#controller?.resume();
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
  }

  onResponseStart(controller: Dispatcher.DispatchController, status: number): void {
    // An interim answer (100, 103) is followed by the real one.
    if (status < 200 || this.#over) return;
    this.#headSeen = true;
    this.#connection.served += 1;
    this.#listener.onHead(status, rawHeaderStrings(controller.rawHeaders));
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (!this.#over && !this.#listener.onData(chunk)) controller.pause();
  }

  onResponseEnd(): void {
    if (this.#over) return;
    this.#over = true;
    this.#owner.release(this.#connection);
    this.#listener.onEnd();
  }

  onResponseError(_controller: Dispatcher.DispatchController | null, error: Error): void {
    if (this.#over) return;
    this.#over = true;
    const { connected } = this.#connection;
    this.#owner.discard(this.#connection);
    const code = errorCode(error);
    this.#listener.onFailure({
      kind: classifyFailure(code, connected, this.#headSeen),
      reused: this.#reused,
      code,
      cause: error,
    });
  }
}

function rawHeaderStrings(raw: unknown): string[] {
  const list = raw as readonly (Buffer | string)[];
  const strings = new Array<string>(list.length);
  for (let i = 0; i < list.length; i += 1) {
    const part = list[i] as Buffer | string;
    strings[i] = typeof part === 'string' ? part : part.toString('latin1');
  }
  return strings;
}
