import { modelToken, spliceChunks, spliceDelta } from '@olla/core/body/splice-model';
import type { Candidate } from '@olla/core/route-plan/fleet-view';
import type { Call } from '../request/call.ts';
import type { RequestBody } from '../request/request-body.ts';
import { BodyStream } from './body-stream.ts';

/** A body as it goes to one endpoint. */
export interface Payload {
  /** In one piece where it was read whole; null where there is none. */
  readonly body: Buffer | BodyStream | null;
  /** In bytes; null if it is not known. */
  readonly length: number | null;
}

/** The body with the model's name as this endpoint has it; every other byte as it came. */
export function payloadFor(call: Call, body: RequestBody, candidate: Candidate, maxBytes: number): Payload {
  const { chunks, length } = withModelOf(candidate, body);
  if (body.isUnfinished) return { body: new BodyStream(call.request, chunks, maxBytes), length };
  return { body: chunks.length > 1 ? Buffer.concat(chunks) : (chunks[0] ?? null), length };
}

function withModelOf(
  { rewrite, model }: Candidate,
  { fields, encoding, read: { chunks }, length }: RequestBody,
): { chunks: readonly Buffer[]; length: number | null } {
  if (!rewrite || model === null || fields === null || fields.modelStart < 0) return { chunks, length };
  const { modelStart, modelEnd } = fields;
  const token = modelToken(model, encoding);
  return {
    chunks: spliceChunks(chunks, modelStart, modelEnd, token),
    length: length === null ? null : length + spliceDelta(modelStart, modelEnd, token),
  };
}
