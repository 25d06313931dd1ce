import type { IncomingMessage } from 'node:http';
import { OllaError } from '@olla/core/errors';
import type { BodySink, BodySource } from '@olla/upstream/upstream';
import { bodyTooLarge } from '../request/request-body.ts';

/**
 * The body of a large request on its way to a backend: what was read before the model was known, then the rest as it
 * comes, with backpressure to the client.
 */
export class BodyStream implements BodySource {
  /** It was handed on: the body cannot be sent a second time. */
  isSpent = false;
  /** Bytes of the body so far. */
  bytes: number;
  readonly #request: IncomingMessage;
  #prefix: readonly Buffer[];
  readonly #maxBytes: number;
  #sink: BodySink | null = null;

  constructor(request: IncomingMessage, prefix: readonly Buffer[], maxBytes: number) {
    this.#request = request;
    this.#prefix = prefix;
    this.#maxBytes = maxBytes;
    this.bytes = prefix.reduce((sum, chunk) => sum + chunk.length, 0);
  }

  start(sink: BodySink): void {
    this.#sink = sink;
    const request = this.#request;
    let more = true;
    for (const chunk of this.#prefix) more = sink.data(chunk);
    this.#prefix = [];
    this.isSpent = true;
    if (request.readableEnded) {
      sink.end();
      return;
    }
    if (request.destroyed) {
      this.#onClose();
      return;
    }
    request.on('data', this.#onData);
    request.on('end', this.#onEnd);
    request.on('close', this.#onClose);
    if (more) request.resume();
  }

  resume(): void {
    if (this.#sink !== null) this.#request.resume();
  }

  stop(): void {
    if (this.#sink === null) return;
    this.#sink = null;
    this.#request.off('data', this.#onData);
    this.#request.off('end', this.#onEnd);
    this.#request.off('close', this.#onClose);
    // What has begun cannot be sent again: the rest goes nowhere, and must not stay before the next request.
    this.#request.resume();
  }

  readonly #onData = (chunk: Buffer): void => {
    this.bytes += chunk.length;
    if (this.bytes > this.#maxBytes) this.#fail(bodyTooLarge(this.#maxBytes));
    else if (this.#sink?.data(chunk) === false) this.#request.pause();
  };

  readonly #onEnd = (): void => {
    this.#sink?.end();
  };

  readonly #onClose = (): void => {
    if (!this.#request.complete)
      this.#fail(new OllaError('BAD_REQUEST', 'the body broke off before its end'));
  };

  #fail(failure: OllaError): void {
    const sink = this.#sink;
    this.stop();
    sink?.fail(failure);
  }
}
