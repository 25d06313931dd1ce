import { Readable } from 'node:stream';
import { Client, errors, type Dispatcher } from 'undici';
import type {
  BodySource,
  FailureKind,
  Upstream,
  UpstreamCall,
  UpstreamListener,
  UpstreamRequest,
} from '../src/upstream.ts';
import type { ConformanceOptions } from './conformance/make-upstream.ts';

/** Each undici client holds one connection here, and is discarded with it. */
interface Slot {
  readonly client: Client;
  /** Responses that this connection has carried. */
  served: number;
  connected: boolean;
}

/**
 * The interface on undici's `dispatch`: a second implementation, so that the conformance suite says what the interface
 * promises and not what the project's own client happens to do.
 */
export class UndiciUpstream implements Upstream {
  readonly #options: ConformanceOptions;
  readonly #slots = new Set<Slot>();
  readonly #idle: Slot[] = [];
  #closed = false;

  constructor(options: ConformanceOptions) {
    this.#options = options;
  }

  get connections(): number {
    return this.#slots.size;
  }

  dispatch(request: UpstreamRequest, listener: UpstreamListener): UpstreamCall {
    const slot = (request.freshConnection ? undefined : this.#idle.pop()) ?? this.#open();
    const call = new UndiciCall(request, listener, slot, {
      released: () => (this.#closed ? this.#drop(slot) : this.#idle.push(slot)),
      spoilt: () => this.#drop(slot),
    });
    slot.client.dispatch(call.options, call.handler);
    return call;
  }

  close(): void {
    this.#closed = true;
    for (const slot of this.#idle.splice(0)) this.#drop(slot);
  }

  #open(): Slot {
    const { origin, connectTimeoutMs, headTimeoutMs, readTimeoutMs } = this.#options;
    const client = new Client(origin, {
      connectTimeout: connectTimeoutMs,
      headersTimeout: headTimeoutMs,
      bodyTimeout: readTimeoutMs,
    });
    const slot: Slot = { client, served: 0, connected: false };
    client.on('connect', () => (slot.connected = true));
    client.on('disconnect', () => this.#drop(slot));
    this.#slots.add(slot);
    return slot;
  }

  #drop(slot: Slot): void {
    if (!this.#slots.delete(slot)) return;
    const index = this.#idle.indexOf(slot);
    if (index !== -1) this.#idle.splice(index, 1);
    void slot.client.destroy();
  }
}

interface SlotEvents {
  /** The response is complete, and the connection may carry another request. */
  released(): void;
  /** The connection cannot be used any more. */
  spoilt(): void;
}

class UndiciCall implements UpstreamCall {
  readonly options: Dispatcher.DispatchOptions;
  readonly handler: Dispatcher.DispatchHandler;
  readonly #listener: UpstreamListener;
  readonly #slot: Slot;
  readonly #reused: boolean;
  readonly #events: SlotEvents;
  readonly #source: BodySource | null;
  #controller: Dispatcher.DispatchController | null = null;
  #headSeen = false;
  #sourceFailed = false;
  #over = false;
  #quietDue = false;

  constructor(request: UpstreamRequest, listener: UpstreamListener, slot: Slot, events: SlotEvents) {
    this.#listener = listener;
    this.#slot = slot;
    this.#reused = slot.served > 0;
    this.#events = events;
    const { method, path, headers, body } = request;
    this.#source = body === null || Buffer.isBuffer(body) ? null : body;
    this.options = {
      method: method as Dispatcher.HttpMethod,
      path,
      headers,
      body: this.#source === null ? (body as Buffer | null) : this.#readable(this.#source),
    };
    this.handler = {
      onRequestStart: (controller) => {
        this.#controller = controller;
      },
      onResponseStart: (controller, status) => this.#onHead(status, controller.rawHeaders),
      onResponseData: (controller, chunk) => {
        if (this.#over) return;
        if (!this.#listener.onData(chunk)) controller.pause();
        this.#noteQuiet();
      },
      onResponseEnd: () => this.#onEnd(),
      onResponseError: (_controller, error) => this.#onError(error),
    };
  }

  abort(): void {
    if (this.#over) return;
    this.#finish();
    this.#events.spoilt();
  }

  resume(): void {
    if (!this.#over && this.#controller?.paused === true) this.#controller.resume();
  }

  #onHead(status: number, rawHeaders: Dispatcher.DispatchController['rawHeaders']): void {
    if (this.#over || status < 200) return;
    this.#headSeen = true;
    this.#slot.served += 1;
    const flat = (rawHeaders as readonly (Buffer | string)[]).map((part) => part.toString('latin1').trim());
    this.#listener.onHead(status, flat);
    this.#noteQuiet();
  }

  #onEnd(): void {
    if (this.#over) return;
    this.#finish();
    this.#events.released();
    this.#listener.onEnd();
  }

  #onError(error: Error & { readonly code?: string }): void {
    if (this.#over) return;
    this.#finish();
    this.#events.spoilt();
    const code = error.code ?? 'UNKNOWN';
    this.#listener.onFailure({ kind: this.#kindOf(error, code), reused: this.#reused, code, cause: error });
  }

  #kindOf(error: Error, code: string): FailureKind {
    if (this.#sourceFailed || REQUEST_CODES.has(code)) return 'request';
    if (code === 'UND_ERR_HEADERS_TIMEOUT') return 'head_timeout';
    if (code === 'UND_ERR_BODY_TIMEOUT') return 'body_timeout';
    if (error instanceof errors.HTTPParserError) return 'protocol';
    if (this.#headSeen) return 'truncated';
    return this.#slot.connected ? 'reset' : 'connect';
  }

  #finish(): void {
    this.#over = true;
    this.#source?.stop();
  }

  /** undici hands on what one read brought in one turn of the event loop. */
  #noteQuiet(): void {
    if (this.#quietDue) return;
    this.#quietDue = true;
    setImmediate(() => {
      this.#quietDue = false;
      if (!this.#over) this.#listener.onQuiet();
    });
  }

  #readable(source: BodySource): Readable {
    let started = false;
    let isRefused = false;
    const readable = new Readable({
      read: () => {
        if (!started) {
          started = true;
          source.start({
            data: (chunk) => {
              isRefused = !readable.push(chunk);
              return !isRefused;
            },
            end: () => void readable.push(null),
            fail: (error) => {
              this.#sourceFailed = true;
              readable.destroy(error);
            },
          });
        } else if (isRefused) {
          isRefused = false;
          source.resume();
        }
      },
    });
    return readable;
  }
}

const REQUEST_CODES: ReadonlySet<string> = new Set([
  'UND_ERR_INVALID_ARG',
  'UND_ERR_REQ_CONTENT_LENGTH_MISMATCH',
]);
