import type { IncomingMessage } from 'node:http';
import { OllaError } from '@olla/core/errors';
import type { BodySink, BodySource } from '@olla/upstream/upstream';
import type { BodySender, ReadBytes } from '../request/read-bytes.ts';
import { bodyTooLarge } from '../request/request-body.ts';
import type { CheckPiece } from './late-model.ts';

export interface BodyStreamOptions {
  readonly request: IncomingMessage;
  readonly read: ReadBytes;
  /** What was read, as this endpoint gets it. */
  readonly chunks: readonly Buffer[];
  /** More is to come after what was read. */
  readonly isUnfinished: boolean;
  readonly maxBytes: number;
  /** Looks at each piece of the rest; null where nothing has to be looked for. */
  readonly checkPiece: CheckPiece | null;
  /** Called where a callback of the request or of the backend's socket meets a fault. */
  readonly onFault: (fault: unknown) => void;
}

const SENT = Buffer.alloc(0);

/**
 * The body of a large request on its way to a backend: what was read already, then the rest as it comes. Neither is handed
 * on faster than the backend reads. What may be kept anyway is read on meanwhile, because a client that leaves shows only
 * where it is read; otherwise the client is held back.
 */
export class BodyStream implements BodySource, BodySender {
  unsentBytes = 0;
  readonly #options: BodyStreamOptions;
  /** Waits for the backend, from `#next` on. */
  #chunks: Buffer[];
  #next = 0;
  #sink: BodySink | null = null;
  #isBlocked = false;
  #isAtEnd: boolean;
  /** The sink has got the end. */
  #isEnded = false;

  constructor(options: BodyStreamOptions) {
    this.#options = options;
    this.#isAtEnd = !options.isUnfinished;
    this.#chunks = [...options.chunks];
    for (const chunk of this.#chunks) this.unsentBytes += chunk.length;
  }

  get isRepeatable(): boolean {
    return this.#options.read.keeps;
  }

  start(sink: BodySink): void {
    this.#sink = sink;
    this.#contain(() => {
      const { request, read } = this.#options;
      read.sending(this);
      this.#isAtEnd ||= request.readableEnded;
      if (!this.#isAtEnd) {
        read.reserve();
        request.on('data', this.#onData);
        request.on('end', this.#onEnd);
        request.on('close', this.#onClose);
      }
      this.goOn();
      if (request.destroyed && !this.#isAtEnd) this.#breakOff();
    });
  }

  resume(): void {
    this.#contain(() => this.goOn());
  }

  /** Sends what waits: the backend has room again. */
  goOn(): void {
    this.#isBlocked = false;
    while (!this.#isBlocked && this.#next < this.#chunks.length) {
      const chunk = this.#chunks[this.#next] as Buffer;
      this.#chunks[this.#next] = SENT;
      this.#next += 1;
      this.unsentBytes -= chunk.length;
      this.#send(chunk);
      this.#options.read.sent();
    }
    if (this.#next === this.#chunks.length) {
      this.#chunks = [];
      this.#next = 0;
      if (this.#isAtEnd) this.#end();
    }
    this.#askClient();
  }

  stop(): void {
    if (this.#sink === null) return;
    this.#sink = null;
    this.#chunks = [];
    this.#next = 0;
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

  readonly #onData = (chunk: Buffer): void =>
    this.#contain(() => {
      const { read, maxBytes, checkPiece } = this.#options;
      const fault = checkPiece?.(chunk) ?? null;
      if (fault !== null) {
        this.#fail(fault);
        return;
      }
      const isWaiting = this.#isBlocked || this.#next < this.#chunks.length;
      if (isWaiting) this.unsentBytes += chunk.length;
      const piece = read.pass(chunk);
      if (isWaiting) this.#chunks.push(piece);
      if (read.length > maxBytes) this.#fail(bodyTooLarge(maxBytes));
      else {
        if (!isWaiting) this.#send(chunk);
        this.#askClient();
      }
    });

  readonly #onEnd = (): void =>
    this.#contain(() => {
      this.#isAtEnd = true;
      this.#options.read.ended();
      if (this.#next === this.#chunks.length) this.#end();
    });

  readonly #onClose = (): void => this.#contain(() => this.#breakOff());

  #send(chunk: Buffer): void {
    this.#isBlocked = this.#sink?.data(chunk) !== true;
  }

  /** The backend may report room once more after the last piece: a second end would break the next request. */
  #end(): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#sink?.end();
  }

  /** Lets the client send on, or holds it back. */
  #askClient(): void {
    const { request, read } = this.#options;
    if (this.#sink === null || this.#isAtEnd) return;
    if (this.#isBlocked && !read.mayWait) {
      // Nothing that is held by a client that is not read can be given back when it leaves.
      read.drop();
      request.pause();
    } else request.resume();
  }

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
