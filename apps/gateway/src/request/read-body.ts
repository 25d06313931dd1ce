import { findName } from '@olla/core/body/find-name';
import type { Sessions } from '../fleet/sessions.ts';
import { BodyReader, emptyBody } from './body-reader.ts';
import type { Call } from './call.ts';
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

/** Reads what a request asks for: as much of its body as it takes to know the model, and all of it if it is small. */
export function createReadBody({ maxBytes, maxKeptBytes, budget, sessions }: ReadBodyOptions): ReadBody {
  return (call, route) => {
    const { headers } = call.request;
    const announced = headers['content-length'];
    const length = announced === undefined ? null : Number(announced);
    const isChunked = headers['transfer-encoding'] !== undefined;
    if (!isChunked && (length === null || length === 0))
      return { ...unread(0), refusal: route.json ? emptyBody() : null };
    if (!route.blob && length !== null && length > maxBytes)
      return { ...unread(length), refusal: bodyTooLarge(maxBytes) };
    call.sendContinue();
    // A file: it streams without being looked at, of any size.
    if (route.blob) return unread(length);
    const read = new ReadBytes(budget, length, maxKeptBytes);
    const opening = sessions?.openingScanner(headers) ?? null;
    const { done } = new BodyReader(call, { json: route.json, opening, maxBytes }, length, read);
    const { nameField } = route;
    return nameField === null ? done : done.then((body) => withNamedModel(body, nameField));
  };

  /** A body of which nothing was read: none at all if its length is 0. */
  function unread(length: number | null): RequestBody {
    return {
      refusal: null,
      fields: null,
      encoding: 'json',
      opening: null,
      read: new ReadBytes(budget, length, maxKeptBytes),
      isUnfinished: length !== 0,
      length,
    };
  }
}

/**
 * The body with the model that it names in a field of its own, where its `model` is absent or empty: Ollama's Go types
 * write both fields always.
 */
function withNamedModel(body: RequestBody, field: NonNullable<RelayRoute['nameField']>): RequestBody {
  const { fields, read, isUnfinished } = body;
  if (isUnfinished || read.length === 0 || fields === null) return body;
  if (field === 'name' && fields.model) return body;
  const named = findName(read.join(), field);
  return named === null || named.model === '' ? body : { ...body, fields: named };
}
