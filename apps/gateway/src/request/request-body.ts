import type { FoundFields } from '@olla/core/body/body-fields';
import type { ModelReading } from '@olla/core/body/read-model';
import { OllaError } from '@olla/core/errors';
import type { ReadBytes } from './read-bytes.ts';

/** The body of a request as far as it was read before its endpoint is chosen. */
export interface RequestBody {
  /** Null if the body is as its path and the limits want it. */
  readonly refusal: OllaError | null;
  /** What it asks for; null where there is nothing to look at. */
  readonly fields: FoundFields | null;
  /** The model that it names, as most servers read it; of a request that is forwarded, as the chosen endpoints do. */
  readonly reading: ModelReading;
  readonly encoding: 'json' | 'multipart';
  /** Its content codings were undone: it goes on without them. */
  readonly isDecoded: boolean;
  /** Hash of the beginning of its conversation; null where none was found, or none is looked for. */
  readonly opening: string | null;
  readonly read: ReadBytes;
  /** More is to come after what was read. */
  readonly isUnfinished: boolean;
  /** Bytes of the whole body, as announced or as read; null if it is chunked and not over. */
  readonly length: number | null;
}

/** The model that a body asks for; null where it names none, or an empty one. */
export function requestedModel({ reading }: RequestBody): string | null {
  return reading.model;
}

export function bodyTooLarge(maxBytes: number): OllaError {
  return new OllaError(
    'BODY_TOO_LARGE',
    `the body is larger than ${maxBytes} bytes (server.request_limits.max_body_size)`,
  );
}
