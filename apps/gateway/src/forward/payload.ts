import { modelField, modelToken, spliceChunks, spliceDelta } from '@olla/core/body/splice-model';
import type { Candidate } from '@olla/core/route-plan/fleet-view';
import type { Call } from '../request/call.ts';
import type { RequestBody } from '../request/request-body.ts';
import { BodyStream } from './body-stream.ts';
import { pieceCheck, readFor } from './late-model.ts';

/** A body in the form for one endpoint. */
export interface Payload {
  /** In one piece if that is cheaper; null if it is not in one piece. */
  readonly body: Buffer | BodyStream | null;
  /** In bytes; null if it is not known. */
  readonly length: number | null;
  /** The attempt has ended. */
  readonly stop: () => void;
}

export interface PayloadOptions {
  readonly call: Call;
  readonly body: RequestBody;
  readonly candidate: Candidate;
  readonly maxBytes: number;
  readonly onFault: (fault: unknown) => void;
}

/**
 * A body up to this size is written to the backend's socket at once. A larger one waits here for a backend that reads
 * slowly.
 */
const ONE_PIECE_BYTES = 32 * 1024;

/** Handed to the socket whole. */
const NOTHING_UNSENT = { unsentBytes: 0 };

/** The body with the endpoint's name for the model; every other byte is unchanged. */
export function payloadFor({ call, body, candidate, maxBytes, onFault }: PayloadOptions): Payload {
  const { isUnfinished, read } = body;
  const { chunks, length } = withModelOf(candidate, body);
  if (isUnfinished || read.length > ONE_PIECE_BYTES || (chunks.length > 0 && !read.keeps)) {
    const { request } = call;
    const checkPiece = isUnfinished ? pieceCheck(body, candidate) : null;
    const stream = new BodyStream({ request, read, chunks, isUnfinished, maxBytes, checkPiece, onFault });
    return { body: stream, length, stop: () => stream.stop() };
  }
  if (chunks.length === 0) return { body: null, length, stop: () => undefined };
  const piece = chunks.length > 1 ? Buffer.concat(chunks) : (chunks[0] ?? null);
  read.sending(NOTHING_UNSENT);
  return { body: piece, length, stop: () => read.stopped() };
}

function withModelOf(
  { rewrite, model, endpoint }: Candidate,
  { fields, reading, encoding, isUnfinished, read: { chunks }, length }: RequestBody,
): { chunks: readonly Buffer[]; length: number | null } {
  if (!rewrite || model === null || fields === null) return { chunks, length };
  // An attempt before this one may have read more.
  const { tokens } = isUnfinished ? readFor(endpoint.type, fields) : reading;
  const isNamed = tokens.length > 0;
  if (!isNamed && (reading.isInQuery || fields.insertAt < 0)) return { chunks, length };
  const ranges = isNamed ? tokens : [{ start: fields.insertAt, end: fields.insertAt }];
  const token = isNamed ? modelToken(model, encoding) : modelField(model, fields.hasFields);
  return {
    chunks: spliceChunks(chunks, ranges, token),
    length: length === null ? null : length + spliceDelta(ranges, token),
  };
}
