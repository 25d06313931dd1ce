import type { BodyFields } from '@olla/core/body/body-fields';
import { OllaError } from '@olla/core/errors';

/** The body of a request as far as it was read before its endpoint is chosen. */
export interface RequestBody {
  /** Null if the body is as its path and the limits want it. */
  readonly refusal: OllaError | null;
  /** What it asks for; null where there is nothing to look at. */
  readonly fields: BodyFields | null;
  readonly encoding: 'json' | 'multipart';
  readonly read: ReadBytes;
  /** More is to come after what was read. */
  readonly isUnfinished: boolean;
  /** Bytes of the whole body, as announced or as read; null if it is chunked and not over. */
  readonly length: number | null;
}

/** The bytes that were read of a body, in the pieces in which they came. */
export class ReadBytes {
  /** All that was read, whatever is still held. */
  length = 0;
  readonly #chunks: Buffer[] = [];

  get chunks(): readonly Buffer[] {
    return this.#chunks;
  }

  push(chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.length += chunk.length;
  }

  /** All of them in one piece. */
  join(): Buffer {
    const [first] = this.#chunks;
    return first !== undefined && this.#chunks.length === 1 ? first : Buffer.concat(this.#chunks);
  }

  /** A response has begun, so that no other attempt needs them: a stream would hold them for its whole life. */
  release(): void {
    this.#chunks.length = 0;
  }
}

/** The model that a body asks for; null where it names none, or an empty one. */
export function requestedModel({ fields }: RequestBody): string | null {
  return fields?.model || null;
}

export function bodyTooLarge(maxBytes: number): OllaError {
  return new OllaError(
    'BODY_TOO_LARGE',
    `the body is larger than ${maxBytes} bytes (server.request_limits.max_body_size)`,
  );
}
