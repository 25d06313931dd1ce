import type { IncomingMessage } from 'node:http';
import { Readable, type Transform } from 'node:stream';
import {
  constants,
  createBrotliDecompress,
  createGunzip,
  createInflate,
  createInflateRaw,
  createZstdDecompress,
} from 'node:zlib';
import { OllaError } from '@olla/core/errors';
import type { ContentCoding } from './content-codings.ts';

/** Bounded, because each piece costs a turn through the thread pool. */
const PIECE_BYTES = 64 * 1024;
/** RFC 9659 allows 8 MiB for this coding; a frame that requests more could take 128 MiB. */
const ZSTD_WINDOW_LOG = 23;

/**
 * The body of a request without its content codings, decoded outside the event loop and no faster than it is read.
 * Emits an OllaError if it does not match its codings, or ends too early.
 */
export class DecodedBody extends Readable {
  /** As in IncomingMessage: the whole body has arrived. */
  complete = false;
  readonly #request: IncomingMessage;
  readonly #codings: readonly ContentCoding[];
  /** In the order in which bytes pass through them; made when the first byte shows the kind of deflate. */
  #decoders: readonly Transform[] = [];
  /** Bytes that each decoder was given. */
  readonly #given: number[] = [];

  /** @param codings in the order in which they were applied; not empty */
  constructor(request: IncomingMessage, codings: readonly ContentCoding[]) {
    super({ highWaterMark: PIECE_BYTES });
    this.#request = request;
    this.#codings = codings;
    request.on('data', this.#onData);
    request.on('end', this.#onEnd);
    request.on('close', this.#onClose);
  }

  override _read(): void {
    if (this.#decoders.length === 0) this.#request.resume();
    else this.#decoders.at(-1)?.resume();
  }

  override _destroy(error: Error | null, callback: (error: Error | null) => void): void {
    this.#request.off('data', this.#onData);
    this.#request.off('end', this.#onEnd);
    this.#request.off('close', this.#onClose);
    for (const decoder of this.#decoders) decoder.destroy();
    callback(error);
  }

  readonly #onData = (chunk: Buffer): void => {
    if (this.#decoders.length === 0) this.#begin(chunk[0] ?? 0);
    this.#given[0] = (this.#given[0] ?? 0) + chunk.length;
    if (this.#decoders[0]?.write(chunk) === false) this.#request.pause();
  };

  readonly #onEnd = (): void => {
    const [first] = this.#decoders;
    if (first !== undefined) first.end();
    // No byte arrived, so there was nothing to decode.
    else this.#finish();
  };

  readonly #onClose = (): void => {
    if (!this.#request.complete) this.destroy();
  };

  #begin(firstByte: number): void {
    const order = this.#codings.toReversed();
    const decoders = order.map((coding, i) => decoderFor(coding, i === 0 ? firstByte : ZLIB_FIRST_BYTE));
    this.#decoders = decoders;
    decoders.forEach((decoder, i) => {
      decoder.on('error', this.#onFault);
      const next = decoders[i + 1];
      if (next === undefined) return;
      decoder.on('data', (piece: Buffer) => (this.#given[i + 1] = (this.#given[i + 1] ?? 0) + piece.length));
      decoder.pipe(next);
    });
    decoders[0]?.on('drain', () => this.#request.resume());
    const last = decoders.at(-1);
    last?.on('data', (piece: Buffer) => {
      if (!this.push(piece)) last.pause();
    });
    last?.on('end', () => this.#takeEnd());
  }

  #takeEnd(): void {
    const isRead = this.#decoders.every((decoder, i) => bytesRead(decoder) === this.#given[i]);
    if (isRead) this.#finish();
    else this.destroy(misCoded(this.#codings, 'goes on behind its end'));
  }

  #finish(): void {
    this.complete = true;
    this.push(null);
  }

  readonly #onFault = (fault: Error & { readonly code?: unknown }): void => {
    const isCutOff = fault.code === 'Z_BUF_ERROR';
    this.destroy(misCoded(this.#codings, isCutOff ? 'ends too early' : 'is something else'));
  };
}

/** With a usual window size; its low half means `deflate`. */
const ZLIB_FIRST_BYTE = 0x78;

function decoderFor(coding: ContentCoding, firstByte: number): Transform {
  const options = { chunkSize: PIECE_BYTES };
  switch (coding) {
    case 'gzip':
      return createGunzip(options);
    case 'br':
      return createBrotliDecompress(options);
    case 'zstd':
      return createZstdDecompress({
        ...options,
        params: { [constants.ZSTD_d_windowLogMax]: ZSTD_WINDOW_LOG },
      });
    case 'deflate':
      // RFC 9110 §8.4.1.2: with the header of zlib, which some clients leave out.
      return (firstByte & 0x0f) === 8 && firstByte >> 4 <= 7
        ? createInflate(options)
        : createInflateRaw(options);
  }
}

/** Bytes that the decoder has used: fewer than it was given if data follows the end. */
function bytesRead(decoder: Transform): unknown {
  return 'bytesWritten' in decoder ? decoder.bytesWritten : undefined;
}

function misCoded(codings: readonly ContentCoding[], how: string): OllaError {
  return new OllaError(
    'INVALID_ENCODING',
    `the body is not what its Content-Encoding (${codings.join(', ')}) says: it ${how}`,
  );
}
