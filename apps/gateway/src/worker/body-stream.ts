import type { IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';
import { OllaError } from '@olla/core/errors';

/**
 * The body of a large request on its way to a backend: what was read before the model was known, then the rest as it
 * comes, with backpressure to the client.
 */
export class BodyStream extends Readable {
  readonly #request: IncomingMessage;
  readonly #prefix: Buffer[];
  #attached = false;
  /** Bytes of the body that came after the prefix were handed on: the body cannot be sent a second time. */
  consumed = false;
  /** Why the body could not be sent, where that is the client's doing. */
  failure: OllaError | null = null;
  /** Bytes of the body so far. */
  bytes: number;
  readonly #maxBytes: number;

  constructor(request: IncomingMessage, prefix: readonly Buffer[], maxBytes: number) {
    super({ highWaterMark: 64 * 1024 });
    this.#request = request;
    this.#prefix = [...prefix];
    this.#maxBytes = maxBytes;
    this.bytes = prefix.reduce((sum, chunk) => sum + chunk.length, 0);
  }

  override _read(): void {
    const next = this.#prefix.shift();
    if (next !== undefined) {
      this.push(next);
      return;
    }
    if (this.#attached) {
      this.#request.resume();
      return;
    }
    this.#attached = true;
    this.consumed = true;
    if (this.#request.destroyed && !this.#request.complete) {
      this.#onClose();
      return;
    }
    if (this.#request.complete && this.#request.readableEnded) {
      this.push(null);
      return;
    }
    this.#request.on('data', this.#onData);
    this.#request.on('end', this.#onEnd);
    this.#request.on('close', this.#onClose);
    this.#request.resume();
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    this.#request.off('data', this.#onData);
    this.#request.off('end', this.#onEnd);
    this.#request.off('close', this.#onClose);
    // What has begun cannot be sent again: the rest goes nowhere, and must not stay before the next request.
    if (this.consumed) this.#request.resume();
    callback(error);
  }

  readonly #onData = (chunk: Buffer): void => {
    this.bytes += chunk.length;
    if (this.bytes > this.#maxBytes) this.#fail(bodyTooLarge(this.#maxBytes));
    else if (!this.push(chunk)) this.#request.pause();
  };

  readonly #onEnd = (): void => {
    this.push(null);
  };

  readonly #onClose = (): void => {
    if (!this.#request.complete)
      this.#fail(new OllaError('BAD_REQUEST', 'the body broke off before its end'));
  };

  #fail(failure: OllaError): void {
    this.failure = failure;
    this.destroy(failure);
  }
}

export function bodyTooLarge(maxBytes: number): OllaError {
  return new OllaError(
    'BODY_TOO_LARGE',
    `the body is larger than ${maxBytes} bytes (server.request_limits.max_body_size)`,
  );
}
