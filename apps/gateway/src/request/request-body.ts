import type { FoundFields } from '@olla/core/body/body-fields';
import type { ModelReading } from '@olla/core/body/read-model';
import { OllaError } from '@olla/core/errors';
import type { ReadBytes } from './read-bytes.ts';

/** The body of a request as far as it was read before its endpoint is chosen. */
export interface RequestBody {
  /** Null if the body obeys its path and the limits. */
  readonly refusal: OllaError | null;
  /** Its fields that matter; null if it has none to read. */
  readonly fields: FoundFields | null;
  /** The model that it names, as most servers read it; for a forwarded request, as the chosen endpoints do. */
  readonly reading: ModelReading;
  readonly encoding: 'json' | 'multipart';
  /** Its content codings were undone: it is sent without them. */
  readonly isDecoded: boolean;
  /** Hash of the beginning of its conversation; null if none was found or needed. */
  readonly opening: string | null;
  readonly read: ReadBytes;
  /** More data follows the bytes that were read. */
  readonly isUnfinished: boolean;
  /** Bytes of the whole body, as announced or as read; null for an unfinished chunked body. */
  readonly length: number | null;
}

/** The model that a body names; null if it names none, or an empty one. */
export function requestedModel({ reading }: RequestBody): string | null {
  return reading.model;
}

/** @param limit what sets the maximum */
export function bodyTooLarge(maxBytes: number, limit = 'server.request_limits.max_body_size'): OllaError {
  return new OllaError('BODY_TOO_LARGE', `the body is larger than ${maxBytes} bytes (${limit})`);
}
