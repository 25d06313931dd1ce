import { findField } from '@olla/core/body/find-field';
import { ANY_CASE_RULES, NO_MODEL, readModel } from '@olla/core/body/read-model';
import { OllaError } from '@olla/core/errors';
import type { Sessions } from '../fleet/sessions.ts';
import { BodyReader, emptyBody, type BodyRules } from './body-reader.ts';
import type { Call } from './call.ts';
import { contentCodings } from './content-codings.ts';
import type { PendingBudget } from './pending-budget.ts';
import { ReadBytes } from './read-bytes.ts';
import { bodyTooLarge, type RequestBody } from './request-body.ts';
import type { RelayRoute } from './routes.ts';

export type ReadBody = (call: Call, route: RelayRoute) => RequestBody | Promise<RequestBody>;

export interface ReadBodyOptions {
  readonly maxBytes: number;
  /** A larger body is not kept for another attempt. */
  readonly maxKeptBytes: number;
  readonly budget: PendingBudget;
  /** Null where sessions are not sticky. */
  readonly sessions: Pick<Sessions, 'openingScanner'> | null;
}

/**
 * Maximum bytes of a body whose fields beside `model` are read, in calls that change models. They are read in one turn of
 * the event loop, which other requests wait for.
 */
const MAX_CALL_BYTES = 1024 * 1024;
const CALL_LIMIT = 'the maximum for calls that change or show models';
const ANY_LIMIT = 'server.request_limits.max_body_size';

/** Reads the body of a request: as much as is needed to know the model, and all of it if it is small. */
export function createReadBody({
  maxBytes: maxAnyBytes,
  maxKeptBytes,
  budget,
  sessions,
}: ReadBodyOptions): ReadBody {
  return (call, route) => {
    const { headers } = call.request;
    const announced = headers['content-length'];
    const length = announced === undefined ? null : Number(announced);
    const isChunked = headers['transfer-encoding'] !== undefined;
    const readsFields = route.nameField !== null || route.baseField !== null || route.files !== null;
    const [maxBytes, limit] =
      readsFields && maxAnyBytes > MAX_CALL_BYTES ? [MAX_CALL_BYTES, CALL_LIMIT] : [maxAnyBytes, ANY_LIMIT];
    if (!isChunked && (length === null || length === 0))
      return { ...unread(0), refusal: route.json ? emptyBody() : null };
    if (!route.blob && length !== null && length > maxBytes)
      return { ...unread(length), refusal: bodyTooLarge(maxBytes, limit) };
    const codings = route.blob ? [] : contentCodings(headers['content-encoding']);
    call.sendContinue();
    // A file streams without inspection, with any size.
    if (route.blob) return unread(length);
    const read = new ReadBytes(budget, codings.length === 0 ? length : null, maxKeptBytes);
    const opening = sessions?.openingScanner(headers) ?? null;
    const { done } = new BodyReader(
      call,
      { ...rulesOf(route), codings, opening, maxBytes, limit },
      length,
      read,
    );
    const { nameField } = route;
    return nameField === null ? done : done.then((body) => withNamedModel(body, nameField));
  };

  /** A body of which no byte was read; none if its length is 0. */
  function unread(length: number | null): RequestBody {
    return {
      refusal: null,
      fields: null,
      reading: NO_MODEL,
      encoding: 'json',
      isDecoded: false,
      opening: null,
      read: new ReadBytes(budget, length, maxKeptBytes),
      isUnfinished: length !== 0,
      length,
    };
  }
}

function rulesOf({
  json,
  readsJson,
  nameField,
  baseField,
}: RelayRoute): Pick<BodyRules, 'form' | 'readsToEnd'> {
  return {
    form: json ? 'json' : readsJson ? 'read_as_json' : 'by_type',
    // The field that names the model may be the last one.
    readsToEnd: nameField === 'source' || baseField !== null,
  };
}

/**
 * The body with the model of another field if its `model` is absent or empty: Ollama's Go types always write both
 * fields.
 */
function withNamedModel(body: RequestBody, field: NonNullable<RelayRoute['nameField']>): RequestBody {
  const { fields, read, isUnfinished } = body;
  if (body.refusal !== null || fields === null) return body;
  const asked = { fields, inQuery: [], hasBody: true };
  const reading = field === 'source' ? NO_MODEL : readModel(asked, ANY_CASE_RULES);
  if (reading.isAmbiguous) return { ...body, refusal: unclearName('model') };
  if (reading.model !== null || isUnfinished) return { ...body, reading };
  const named = findField(read.join(), field);
  if (named.isAmbiguous) return { ...body, refusal: unclearName(field) };
  return { ...body, reading: named.model === null ? reading : named };
}

function unclearName(field: string): OllaError {
  return new OllaError(
    'INVALID_MODEL',
    `\`${field}\` is in the body twice with two names, or is not a string; its letter case does not count`,
  );
}
