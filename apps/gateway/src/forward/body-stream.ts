import type { IncomingMessage } from 'node:http';
import { OllaError } from '@olla/core/errors';
import type { BodySink, BodySource } from '@olla/upstream/upstream';
import type { BodySender, ReadBytes } from '../request/read-bytes.ts';
import { bodyTooLarge } from '../request/request-body.ts';
import type { JudgePiece } from './late-model.ts';

export interface BodyStreamOptions {
  readonly request: IncomingMessage;
  readonly read: ReadBytes;
  /** What was read, as this endpoint gets it. */
  readonly chunks: readonly Buffer[];
  /** More is to come after what was read. */
  readonly isUnfinished: boolean;
  readonly maxBytes: number;
  /** Looks at each piece of the rest; null where nothing has to be looked for. */
  readonly judge: JudgePiece | null;
  /** Called where a callback of the request or of the backend's socket meets a fault. */
  readonly onFault: (fault: unknown) => void;
}

const SENT = Buffer.alloc(0);

/**
 * The body of a large request on its way to a backend: what was read already, then the rest as it comes. Neither is handed
 * on faster than the backend reads, and the client is held back meanwhile.
 */
export class BodyStream implements BodySource, BodySender {
  unsentBytes = 0;
  readonly #options: BodyStreamOptions;
  readonly #chunks: Buffer[];
  #next = 0;
  #sink: BodySink | null = null;

  constructor(options: BodyStreamOptions) {
    this.#options = options;
    this.#chunks = [...options.chunks];
    for (const chunk of this.#chunks) this.unsentBytes += chunk.length;
  }

  get isRepeatable(): boolean {
    return this.#options.read.keeps;
  }

  start(sink: BodySink): void {
    this.#sink = sink;
    this.#contain(() => {
      this.#options.read.sending(this);
      this.#sendRead();
    });
  }

  resume(): void {
    this.#contain(() => this.goOn());
  }

  /** Sends the next pieces: the backend has room again. */
  goOn(): void {
    if (this.#next < this.#chunks.length) this.#sendRead();
    else if (this.#sink !== null) this.#options.request.resume();
  }

  stop(): void {
    if (this.#sink === null) return;
    this.#sink = null;
    this.#chunks.length = 0;
    this.unsentBytes = 0;
    const { request, read } = this.#options;
    request.off('data', this.#onData);
    request.off('end', this.#onEnd);
    request.off('close', this.#onClose);
    read.stopped();
    // Another attempt sends the rest too. If there can be none, it must not stay before the next request.
    if (read.isWhole) request.pause();
    else request.resume();
  }

  #sendRead(): void {
    const { read } = this.#options;
    while (this.#next < this.#chunks.length) {
      const chunk = this.#chunks[this.#next] as Buffer;
      this.#chunks[this.#next] = SENT;
      this.#next += 1;
      this.unsentBytes -= chunk.length;
      const hasRoom = this.#sink?.data(chunk) ?? false;
      read.sent();
      if (this.#sink === null) return;
      // Its last piece may be refused too: then the rest waits for `resume`.
      if (!hasRoom && this.#next < this.#chunks.length) return;
      if (!hasRoom) {
        this.#sendRest(false);
        return;
      }
    }
    this.#sendRest(true);
  }

  #sendRest(hasRoom: boolean): void {
    const { request, isUnfinished } = this.#options;
    if (!isUnfinished || request.readableEnded) {
      this.#sink?.end();
      return;
    }
    if (request.destroyed) {
      this.#breakOff();
      return;
    }
    request.on('data', this.#onData);
    request.on('end', this.#onEnd);
    request.on('close', this.#onClose);
    if (hasRoom) request.resume();
    else request.pause();
  }

  readonly #onData = (chunk: Buffer): void =>
    this.#contain(() => {
      const { request, read, maxBytes, judge } = this.#options;
      const fault = judge?.(chunk) ?? null;
      if (fault !== null) {
        this.#fail(fault);
        return;
      }
      read.pass(chunk);
      if (read.length > maxBytes) this.#fail(bodyTooLarge(maxBytes));
      else if (this.#sink?.data(chunk) === false) request.pause();
    });

  readonly #onEnd = (): void => this.#contain(() => this.#sink?.end());

  readonly #onClose = (): void => this.#contain(() => this.#breakOff());

  #breakOff(): void {
    if (!this.#options.request.complete)
      this.#fail(new OllaError('BAD_REQUEST', 'the body broke off before its end'));
  }

  #fail(failure: OllaError): void {
    const sink = this.#sink;
    this.stop();
    sink?.fail(failure);
  }

  /** A fault must end this request only, and reach neither the client's socket nor the backend's. */
  #contain(action: () => void): void {
    try {
      action();
    } catch (fault) {
      this.#options.onFault(fault);
    }
  }
}
