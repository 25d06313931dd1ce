import { profileOrDefault } from '@olla/backends/table';
import type { BackendType } from '@olla/core/backend-type';
import type { BodyFields } from '@olla/core/body/body-fields';
import { readModel, type ModelReading } from '@olla/core/body/read-model';
import { OllaError } from '@olla/core/errors';
import type { Candidate } from '@olla/core/route-plan/fleet-view';
import type { RequestBody } from '../request/request-body.ts';

/** Checks a piece of a body before it goes to the endpoint. @returns why it must not go there */
export type CheckPiece = (piece: Buffer) => OllaError | null;

/**
 * A body streams as soon as its model is known. It may name another one later, which some servers use: then the whole
 * body must not reach the endpoint.
 *
 * @returns null if the rest of the body cannot name a model
 */
export function pieceCheck(body: RequestBody, candidate: Candidate): CheckPiece | null {
  const { fields, reading } = body;
  if (fields === null || fields.state !== 'need-more') return null;
  const { endpoint, rewrite } = candidate;
  let known = fields.entries;
  return (piece) => {
    if (fields.push(piece) === 'invalid') return new OllaError('INVALID_MODEL', fields.reason);
    if (endpoint.hasModelFilter && fields.isBroken)
      return new OllaError(
        'INVALID_MODEL',
        `the body stops being JSON, and endpoint ${endpoint.name} offers only models that its model_filter names`,
      );
    if (fields.entries === known) return null;
    known = fields.entries;
    const now = readFor(endpoint.type, fields);
    const isSame = now.model === reading.model && (now.isCertain || !endpoint.hasModelFilter);
    if (!isSame) return new OllaError('INVALID_MODEL', '`model` is in the body twice, with two names');
    if (!rewrite) return null;
    return new OllaError(
      'INVALID_MODEL',
      '`model` is in the body twice, so far apart that the second one cannot be replaced by the name that the endpoint has for it. Send it once',
    );
  };
}

/** The model that a server of this type reads in a body, as far as it has arrived. */
export function readFor(type: BackendType, fields: BodyFields): ModelReading {
  return readModel({ fields, inQuery: [], hasBody: true }, profileOrDefault(type).modelRules);
}
